"""What a backup or a copy asks of DuckDB: how many rows each hour has, and the events whole."""

import duckdb
import polars as pl

from devices.batch import EVENT_SCHEMA
from store.duckdb_tables import EVENTS
from store.row_keys import SEQUENCE_MODULUS
from store.telemetry import HOUR_MS, HOURS_SCHEMA

__all__ = ["as_events", "event_rows", "hours_of"]

_EVENT_MS = "epoch_ms(coalesce(measured_at, received_at))"


def hours_of(cursor: duckdb.DuckDBPyConnection, owner: str, table: str) -> pl.DataFrame:
    """Rows by hour of measuring, of a kind's table or that of `events`; columns as in `HOURS_SCHEMA`."""
    at_ms = _EVENT_MS if owner == EVENTS else f"key // {SEQUENCE_MODULUS}"
    query = f"SELECT {at_ms} // {HOUR_MS} AS hour, count(*) AS rows FROM {table} GROUP BY hour ORDER BY hour"
    return pl.DataFrame(cursor.sql(query).to_arrow_table()).cast(pl.Schema(HOURS_SCHEMA))


def event_rows(cursor: duckdb.DuckDBPyConnection, table: str, from_ms: int, to_ms: int) -> pl.DataFrame:
    """Events of [`from_ms`, `to_ms`) in `EVENT_SCHEMA`; what is not stored is null."""
    query = f"SELECT * FROM {table} WHERE {_EVENT_MS} >= ? AND {_EVENT_MS} < ?"
    return as_events(pl.DataFrame(cursor.sql(query, params=[from_ms, to_ms]).to_arrow_table()))


def as_events(found: pl.DataFrame) -> pl.DataFrame:
    """Rows as DuckDB gives them, in `EVENT_SCHEMA`; what is not stored is null."""
    members = EVENT_SCHEMA["vehicles"].inner.to_schema()
    kept = found.schema["vehicles"].inner.to_schema()  # type: ignore[attr-defined]
    vehicle = pl.struct(
        [
            pl.element().struct.field(name) if name in kept else pl.lit(None, dtype).alias(name)
            for name, dtype in members.items()
        ]
    )
    utc = pl.col("measured_at", "received_at").dt.replace_time_zone("UTC")
    whole = found.with_columns(
        utc, device_time=pl.lit(None, pl.Int64), vehicles=pl.col("vehicles").list.eval(vehicle)
    )
    return whole.select(EVENT_SCHEMA.keys()).cast(pl.Schema(EVENT_SCHEMA))
