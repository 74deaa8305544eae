r"""Readings and events as InfluxDB line protocol, formatted over columns.

Tags are area and device, nothing else: a series is a device. Null is left out; the row key is the timestamp,
in ns. `time_quality` and `device_time` are written only where they are not what the time says.

Text fields: `\` and `"` are escaped, a newline may stand. Tags: `,`, `=` and space are escaped; InfluxDB has
no escape for a newline or a backslash at a tag's end, so it refuses such a line (no device id has them).
"""

from collections.abc import Iterable

import polars as pl

from devices.batch import EVENT_SCHEMA
from devices.description import DeviceKind
from store.anonymous import VEHICLE_MEMBERS, without_urls
from store.rollups.schema import Part, part_name, rollup_schema
from store.row_keys import SEQUENCE_MODULUS

__all__ = [
    "DONE",
    "EVENTS",
    "MARKED",
    "MARKS",
    "SUMMED",
    "done_lines",
    "event_lines",
    "mark_lines",
    "reading_lines",
    "rollup_lines",
    "summed_lines",
]

EVENTS = "events"
"""The measurement of events."""
MARKS, MARKED, DONE = "rollup_marks", "marked", "done"
"""The measurement of windows to be summed up, the token of a window's mark, and that of what was done.

Both are in one row and nothing is ever removed: who has summed up says which mark it did, and a mark that was
set meanwhile stands, whatever comes first.
"""
SUMMED = "rollup_windows"
"""The measurement that says how many rollups each window has."""

_EVENT_FIELDS = (
    "id", "kind", "type", "lane", "direction", "signal", "red_elapsed_s", "programme", "source", "phase",
    "result", "detail",
)  # fmt: skip
_TEMPLATES = {"float": ",NAME={}", "bool": ",NAME={}", "int": ",NAME={}i", "text": ',NAME="{}"'}
_TYPES = {pl.Float64: "float", pl.Int64: "int", pl.Boolean: "bool", pl.String: "text"}


def reading_lines(rows: pl.DataFrame, kind: DeviceKind) -> pl.Series:
    """One line for each keyed reading."""
    fields = [(field.name, field.value) for field in kind.fields]
    return _lines(rows, kind.table, [("seq", "int"), *fields])


def event_lines(events: pl.DataFrame) -> pl.Series:
    """One line for each event; its key has a number made from its id where a reading has the sequence.

    Of vehicles and pictures only what says nothing about a person is kept, both as JSON text.
    """
    # Of two events with one key the later would take the earlier's row: one in a million of those of a camera
    # within the same millisecond.
    number = pl.col("id").hash(seed=0) % SEQUENCE_MODULUS
    at = pl.coalesce("measured_at", "received_at")
    rows = events.with_columns(
        key=at.dt.epoch("ms") * SEQUENCE_MODULUS + number.cast(pl.Int64),
        vehicles=_as_json(pl.col("vehicles"), VEHICLE_MEMBERS),
        images=_as_json(without_urls(), ("role", "url", "sha256")),
    )
    fields = [(name, _TYPES[EVENT_SCHEMA[name]]) for name in _EVENT_FIELDS]
    return _lines(rows, EVENTS, [*fields, ("vehicles", "text"), ("images", "text")])


def rollup_lines(rows: pl.DataFrame, kind: DeviceKind) -> pl.Series:
    """One line for each rollup; of a field that nobody reported nothing."""
    types = {pl.Float64(): "float", pl.Int64(): "int", pl.Boolean(): "bool", pl.String(): "text"}
    counts = [part_name(field.name, Part.COUNT) for field in kind.fields]
    said = rows.with_columns(pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name) for name in counts)
    head = f"{kind.table},area={{}},device={{}} readings={{}}i"
    columns = [_tag(said["area"]), _tag(said["device"]), said["readings"].cast(pl.String)]
    parts = [name for name in rollup_schema(kind.id) if "__" in name]
    fields = [(name, types[rollup_schema(kind.id)[name]]) for name in parts]
    return _with_fields(said, head, columns, fields)


def mark_lines(kind_id: str, starts_ms: Iterable[int], token: int) -> bytes:
    """Windows to be summed up; none of them is done by what was done before."""
    return _of_windows(MARKS, kind_id, ((start_ms, f"{MARKED}={token}i,{DONE}=0i") for start_ms in starts_ms))


def done_lines(kind_id: str, tokens: Iterable[tuple[int, int]]) -> bytes:
    """Windows, by start and the token of the mark, that are summed up."""
    return _of_windows(MARKS, kind_id, ((start_ms, f"{DONE}={token}i") for start_ms, token in tokens))


def summed_lines(kind_id: str, rows: Iterable[tuple[int, int]]) -> bytes:
    """How many rollups windows have, by start."""
    return _of_windows(SUMMED, kind_id, ((start_ms, f"rows={count}i") for start_ms, count in rows))


def _of_windows(measurement: str, kind_id: str, said: Iterable[tuple[int, str]]) -> bytes:
    lines = (
        f"{measurement},kind={kind_id} {fields} {start_ms * SEQUENCE_MODULUS}" for start_ms, fields in said
    )
    return "\n".join(lines).encode()


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
    return _with_fields(rows, head, columns, [("device_time", "int"), ("time_quality", "text"), *fields])


def _with_fields(
    rows: pl.DataFrame, head: str, columns: list[pl.Series], fields: Iterable[tuple[str, str]]
) -> pl.Series:
    """Lines that begin with `head` for these columns and go on with the fields that say anything."""
    for name, value in fields:
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


def _as_json(listed: pl.Expr, members: tuple[str, ...]) -> pl.Expr:
    """A list of structs as JSON text, null where it is empty."""
    kept = pl.struct([pl.element().struct.field(member) for member in members]).struct.json_encode()
    items = listed.list.eval(kept).list.join(",")
    return pl.when(listed.list.len() > 0).then(pl.format("[{}]", items))
