"""Telemetry as chunks, and back: each hour of each kind, sorted."""

from collections.abc import Iterator, Mapping

import polars as pl

from devices.batch import EVENT_SCHEMA, ReadingBatch, reading_schema
from devices.catalogue import kinds
from store.backup.chunks import TELEMETRY, Chunk
from store.row_keys import SEQUENCE_MODULUS
from store.telemetry import HOUR_MS, Selection, TelemetryStore

__all__ = ["TelemetryDump", "hour_of", "load_telemetry", "unknown_parts"]

EVENTS = "events"
_LISTS = ("vehicles", "images")
_VEHICLE = ("vehicle_class", "colour", "speed_kmh", "helmet", "riders")
_NO_PART_OF_EVENTS = "device_time"  # not every backend keeps it


class TelemetryDump:
    """Everything in a store, by the hours that have rows when this is made."""

    def __init__(self, store: TelemetryStore) -> None:
        self._store = store
        self._hours = {name: store.hours(name) for name in (*kinds(), EVENTS)}

    def rows(self) -> dict[str, int]:
        """How many rows each part has now."""
        return {TELEMETRY + name: int(hours["rows"].sum()) for name, hours in self._hours.items()}

    def hours(self, name: str) -> list[int]:
        """The hours of a kind, or of `events`, that have rows, in order."""
        found: list[int] = self._hours[name]["hour"].sort().to_list()
        return found

    def chunks(self) -> Iterator[Chunk]:
        """All rows, hour by hour."""
        for name in self._hours:
            for hour in self.hours(name):
                yield hour_of(self._store, name, hour)


def hour_of(store: TelemetryStore, name: str, hour: int) -> Chunk:
    """The rows of a kind, or of `events`, that were measured in an hour."""
    from_ms, to_ms = hour * HOUR_MS, (hour + 1) * HOUR_MS
    if name == EVENTS:
        return Chunk.of(TELEMETRY + name, hour, _events_as_text(store.export_events(from_ms, to_ms)))
    batches = store.export(Selection(kind=name, from_ms=from_ms, to_ms=to_ms))
    empty = pl.DataFrame(schema=reading_schema(name))
    rows = pl.concat([empty, *(batch.frame for batch in batches)])
    number = pl.col("seq").fill_null(0) % SEQUENCE_MODULUS
    ordered = rows.sort("device", "measured_at", number, "area")
    return Chunk.of(TELEMETRY + name, hour, ordered.with_columns(pl.col("time_quality").cast(pl.String)))


def load_telemetry(store: TelemetryStore, chunk: Chunk) -> pl.DataFrame:
    """Write a chunk; the rows that the store refuses, as its `write` gives them."""
    name = chunk.part.removeprefix(TELEMETRY)
    if name == EVENTS:
        return store.write_events(_events_of_text(chunk.frame))
    schema = reading_schema(name)
    missing = [pl.lit(None).alias(column) for column in schema if column not in chunk.frame.columns]
    rows = chunk.frame.with_columns(missing).select(schema.keys()).cast(pl.Schema(schema))
    return store.write(ReadingBatch(name, rows))


def unknown_parts(columns: Mapping[str, list[str]]) -> list[str]:
    """What of telemetry, given as columns by part, this program has no place for."""
    found = []
    for part, names in columns.items():
        name = part.removeprefix(TELEMETRY)
        if name != EVENTS and name not in kinds():
            found.append(name)
            continue
        known = EVENT_SCHEMA if name == EVENTS else reading_schema(name)
        found += [f"{name}.{column}" for column in names if column not in known]
    return found


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
