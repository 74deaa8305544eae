"""The columns of the embedded store's tables, made from the kinds' descriptions."""

from collections.abc import Mapping
from functools import cache

import polars as pl

from devices.batch import READING_COLUMNS
from devices.catalogue import kinds
from store.resolutions import Resolution
from store.rollups.schema import rollup_schema

__all__ = ["EVENTS", "EVENT_COLUMNS", "ROWS", "columns_of", "owners"]

EVENTS = "events"
"""Whose the tables of events are; those of readings belong to their kind."""
ROWS = "rows"
"""The table of a file that holds what the file is for."""

_TYPES = {"float": "DOUBLE", "int": "BIGINT", "bool": "BOOLEAN", "text": "VARCHAR"}
_ROLLUP_TYPES = {
    pl.String(): "VARCHAR",
    pl.Int64(): "BIGINT",
    pl.Float64(): "DOUBLE",
    pl.Boolean(): "BOOLEAN",
}
_READING_TYPES = {
    "device": "VARCHAR", "area": "VARCHAR", "measured_at": "TIMESTAMP_MS", "received_at": "TIMESTAMP_MS",
    "device_time": "BIGINT", "seq": "BIGINT", "time_quality": "VARCHAR",
}  # fmt: skip
EVENT_COLUMNS: Mapping[str, str] = {
    "id": "VARCHAR", "device": "VARCHAR", "area": "VARCHAR", "kind": "VARCHAR", "type": "VARCHAR",
    "measured_at": "TIMESTAMP_MS", "received_at": "TIMESTAMP_MS", "time_quality": "VARCHAR", "lane": "BIGINT",
    "direction": "VARCHAR", "signal": "VARCHAR", "red_elapsed_s": "DOUBLE",
    "vehicles": "STRUCT(vehicle_class VARCHAR, colour VARCHAR, speed_kmh DOUBLE, helmet BOOLEAN,"
    " riders BIGINT)[]",
    "images": "STRUCT(role VARCHAR, url VARCHAR, sha256 VARCHAR)[]",
    "programme": "VARCHAR", "source": "VARCHAR", "phase": "VARCHAR", "result": "VARCHAR", "detail": "VARCHAR",
}  # fmt: skip


def owners() -> tuple[str, ...]:
    """Who has tables: every kind, and events."""
    return (*kinds(), EVENTS)


@cache
def columns_of(owner: str, resolution: Resolution) -> Mapping[str, str]:
    """DuckDB's type of each column, by name; events are kept as they happened only."""
    if owner == EVENTS:
        return EVENT_COLUMNS
    if resolution is not Resolution.RAW:
        types = rollup_schema(owner)
        return {name: _ROLLUP_TYPES[kind] for name, kind in types.items()}
    head = {name: _READING_TYPES[name] for name in READING_COLUMNS}
    fields = {field.name: _TYPES[field.value] for field in kinds()[owner].fields}
    return head | {"key": "BIGINT"} | fields
