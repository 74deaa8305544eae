r"""Readings and events as InfluxDB line protocol, formatted over columns.

Tags are area and device, nothing else: a series is a device. Null is left out; the row key is the timestamp,
in ns. `time_quality` and `device_time` are written only where they are not what the time says.

Text fields: `\` and `"` are escaped, a newline may stand. Tags: `,`, `=` and space are escaped; InfluxDB has
no escape for a newline or a backslash at a tag's end, so it refuses such a line (no device id has them).
"""

import polars as pl

from devices.batch import EVENT_SCHEMA
from devices.description import DeviceKind
from store.row_keys import SEQUENCE_MODULUS

__all__ = ["EVENTS", "event_lines", "reading_lines"]

EVENTS = "events"
"""The measurement of events."""

_EVENT_FIELDS = (
    "id", "kind", "type", "lane", "direction", "signal", "red_elapsed_s", "programme", "source", "phase",
    "result", "detail",
)  # fmt: skip
_ANONYMOUS = ("vehicle_class", "colour", "speed_kmh", "helmet", "riders")
_TEMPLATES = {"float": ",NAME={}", "bool": ",NAME={}", "int": ",NAME={}i", "text": ',NAME="{}"'}
_TYPES = {pl.Float64: "float", pl.Int64: "int", pl.Boolean: "bool", pl.String: "text"}


def reading_lines(rows: pl.DataFrame, kind: DeviceKind) -> pl.Series:
    """One line for each keyed reading."""
    fields = [(field.name, field.value) for field in kind.fields]
    return _lines(rows, kind.table, [("seq", "int"), *fields])


def event_lines(events: pl.DataFrame) -> pl.Series:
    """One line for each event; its key has a number made from its id where a reading has the sequence.

    Of vehicles only what says nothing about a person is kept, and pictures, both as JSON text.
    """
    # Of two events with one key the later would take the earlier's row: one in a million of those of a camera
    # within the same millisecond.
    number = pl.col("id").hash(seed=0) % SEQUENCE_MODULUS
    at = pl.coalesce("measured_at", "received_at")
    rows = events.with_columns(
        key=at.dt.epoch("ms") * SEQUENCE_MODULUS + number.cast(pl.Int64),
        vehicles=_as_json("vehicles", _ANONYMOUS),
        images=_as_json("images", ("role", "url", "sha256")),
    )
    fields = [(name, _TYPES[EVENT_SCHEMA[name]]) for name in _EVENT_FIELDS]
    return _lines(rows, EVENTS, [*fields, ("vehicles", "text"), ("images", "text")])


def _lines(rows: pl.DataFrame, measurement: str, fields: list[tuple[str, str]]) -> pl.Series:
    is_ok = pl.col("time_quality") == "ok"
    said = pl.when(~is_ok | (pl.col("device_time") != pl.col("measured_at").dt.epoch("ms")))
    rows = rows.with_columns(
        time_quality=pl.when(~is_ok).then(pl.col("time_quality").cast(pl.String)),
        device_time=said.then("device_time"),
        received_at=pl.col("received_at").dt.epoch("ms"),
    )
    head = f"{measurement},area={{}},device={{}} received_at={{}}i"
    columns = [_tag(rows["area"]), _tag(rows["device"]), rows["received_at"].cast(pl.String)]
    for name, value in [("device_time", "int"), ("time_quality", "text"), *fields]:
        if rows[name].null_count() < rows.height:
            template, column = _field(rows[name], value)
            head += template
            columns.append(column)
    columns.append(rows["key"].cast(pl.String))
    # `format` is twice as fast as `concat_str`, which could leave nulls out by itself.
    return pl.select(line=pl.format(head + " {}", *columns)).to_series()


def _field(column: pl.Series, value: str) -> tuple[str, pl.Series]:
    """A field's place in the line and its column, which has the name in it where some are null."""
    template = _TEMPLATES[value].replace("NAME", column.name)
    text = _as_text(column, value)
    if not column.null_count():
        return template, text
    return "{}", pl.select(pl.format(template, text).fill_null("")).to_series()


def _as_text(column: pl.Series, value: str) -> pl.Series:
    if value != "text":
        return column.cast(pl.String)
    return _escaped(column, r"([\\\"])")


def _tag(column: pl.Series) -> pl.Series:
    """A tag's value; what device ids and slugs never hold is escaped all the same."""
    return _escaped(column, "([,= ])")


def _escaped(column: pl.Series, signs: str) -> pl.Series:
    """The column with a backslash before each of the signs; most columns have none of them."""
    if not column.str.contains(signs).any():
        return column
    return column.str.replace_all(signs, r"\$1")


def _as_json(name: str, members: tuple[str, ...]) -> pl.Expr:
    """A list of structs as JSON text, null where it is empty."""
    kept = pl.struct([pl.element().struct.field(member) for member in members]).struct.json_encode()
    items = pl.col(name).list.eval(kept).list.join(",")
    return pl.when(pl.col(name).list.len() > 0).then(pl.format("[{}]", items))
