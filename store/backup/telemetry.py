"""Telemetry as chunks, and back: each hour of each kind and of its minutes, each day of its hours, sorted."""

from collections.abc import Collection, Iterator, Mapping

import polars as pl

from devices.batch import EVENT_SCHEMA, ReadingBatch, reading_schema
from devices.catalogue import kinds
from store.backup.chunks import TELEMETRY, Chunk
from store.resolutions import ROLLUPS, Resolution
from store.rollups.eliding import elided, whole
from store.rollups.schema import rollup_schema
from store.row_keys import SEQUENCE_MODULUS
from store.telemetry import HOUR_MS, Selection, TelemetryStore

__all__ = ["TelemetryDump", "chunk_of", "load_telemetry", "unknown_parts"]

EVENTS = "events"
_OF = "."
"""Between a kind and the resolution of its rollups: `streetlight.1m`."""
_LISTS = ("vehicles", "images")
_VEHICLE = ("vehicle_class", "colour", "speed_kmh", "helmet", "riders")
_NO_PART_OF_EVENTS = "device_time"  # not every backend keeps it


class TelemetryDump:
    """Everything in a store, by the hours that have rows when this is made."""

    def __init__(self, store: TelemetryStore) -> None:
        self._store = store
        self._hours = {name: store.hours(*_place(name)) for name in _names()}

    def rows(self) -> dict[str, int]:
        """How many rows each part has now."""
        return {TELEMETRY + name: int(hours["rows"].sum()) for name, hours in self._hours.items()}

    def chunks_of(self, name: str) -> list[int]:
        """The numbers of the chunks of a kind, its rollups, or the events, in order."""
        hours = self._hours[name]["hour"]
        found: list[int] = (hours // _hours_a_chunk(name)).unique().sort().to_list()
        return found

    def chunks(self) -> Iterator[Chunk]:
        """All rows, chunk by chunk."""
        for name in self._hours:
            for number in self.chunks_of(name):
                chunk = chunk_of(self._store, name, number)
                if chunk.frame.height:
                    yield chunk


def chunk_of(store: TelemetryStore, name: str, number: int) -> Chunk:
    """The rows of a kind, of its rollups, or of `events`, of an hour; of a day where they are by the hour."""
    kind, resolution = _place(name)
    from_ms, to_ms = _span_ms(name, number)
    if name == EVENTS:
        return Chunk.of(TELEMETRY + name, number, _events_as_text(store.export_events(from_ms, to_ms)))
    selection = Selection(kind=kind, from_ms=from_ms, to_ms=to_ms)
    if resolution is not Resolution.RAW:
        # As short as it can be: a window of one reading is as long as that.
        found = elided(store.rollups(resolution, selection), kinds()[kind].fields)
        return Chunk.of(TELEMETRY + name, number, found.sort("device", "key", "area"))
    empty = pl.DataFrame(schema=reading_schema(kind))
    rows = pl.concat([empty, *(batch.frame for batch in store.export(selection))])
    sequence = pl.col("seq").fill_null(0) % SEQUENCE_MODULUS
    ordered = rows.sort("device", "measured_at", sequence, "area")
    return Chunk.of(TELEMETRY + name, number, ordered.with_columns(pl.col("time_quality").cast(pl.String)))


def load_telemetry(store: TelemetryStore, chunk: Chunk) -> pl.DataFrame:
    """Write a chunk; the rows that the store refuses, as its `write` gives them.

    What is written is marked as any write is: the leader sums up anew what has readings, and leaves the
    rollups of what has none any more.
    """
    name = chunk.part.removeprefix(TELEMETRY)
    kind, resolution = _place(name)
    if name == EVENTS:
        return store.write_events(_events_of_text(chunk.frame))
    if resolution is not Resolution.RAW:
        rollups = whole(_complete(chunk.frame, rollup_schema(kind)), kinds()[kind].fields)
        store.replace_rollups(resolution, kind, *_span_ms(name, chunk.number), rollups)
        return chunk.frame.clear()
    return store.write(ReadingBatch(kind, _complete(chunk.frame, reading_schema(kind))))


def _names() -> Iterator[str]:
    """What a store holds: readings of kinds, their rollups, and events."""
    for kind in kinds():
        yield kind
        yield from (f"{kind}{_OF}{resolution}" for resolution in ROLLUPS)
    yield EVENTS


def _place(name: str) -> tuple[str, Resolution]:
    """Whose rows, and how closely kept.

    Raises:
        ValueError: a resolution that nobody knows.
    """
    kind, _, resolution = name.partition(_OF)
    return kind, Resolution(resolution) if resolution else Resolution.RAW


def _hours_a_chunk(name: str) -> int:
    return 24 if _place(name)[1] is Resolution.HOUR else 1


def _span_ms(name: str, number: int) -> tuple[int, int]:
    length_ms = _hours_a_chunk(name) * HOUR_MS
    return number * length_ms, (number + 1) * length_ms


def _complete(frame: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Rows of an older program with the columns of this one."""
    missing = [pl.lit(None).alias(column) for column in schema if column not in frame.columns]
    return frame.with_columns(missing).select(schema.keys()).cast(pl.Schema(schema))


def unknown_parts(columns: Mapping[str, list[str]]) -> list[str]:
    """What of telemetry, given as columns by part, this program has no place for."""
    known = set(_names())
    found = []
    for part, names in columns.items():
        name = part.removeprefix(TELEMETRY)
        if name not in known:
            found.append(name)
            continue
        found += [f"{name}.{column}" for column in names if column not in _columns(name)]
    return found


def _columns(name: str) -> Collection[str]:
    kind, resolution = _place(name)
    if name == EVENTS:
        return EVENT_SCHEMA
    return reading_schema(kind) if resolution is Resolution.RAW else rollup_schema(kind)


def _events_as_text(events: pl.DataFrame) -> pl.DataFrame:
    """Events as rows of plain values: what is a list is JSON, and null where it is empty."""
    vehicle = pl.struct([pl.element().struct.field(name) for name in _VEHICLE])
    return (
        events.drop(_NO_PART_OF_EVENTS)
        .with_columns(
            pl.col("time_quality").cast(pl.String),
            measured_at=pl.coalesce("measured_at", "received_at"),
            vehicles=_json(pl.col("vehicles").list.eval(vehicle)),
            images=_json(pl.col("images")),
        )
        .sort("device", "id")
    )


def _json(lists: pl.Expr) -> pl.Expr:
    items = lists.list.eval(pl.element().struct.json_encode()).list.join(",")
    return pl.when(lists.list.len() > 0).then(pl.format("[{}]", items))


def _events_of_text(rows: pl.DataFrame) -> pl.DataFrame:
    lists = [pl.col(name).str.json_decode(EVENT_SCHEMA[name]) for name in _LISTS]
    whole = rows.with_columns(*lists, pl.lit(None).alias(_NO_PART_OF_EVENTS))
    return whole.select(EVENT_SCHEMA.keys()).cast(pl.Schema(EVENT_SCHEMA))
