"""Events as the embedded store keeps them."""

import polars as pl

from store.anonymous import VEHICLE_MEMBERS, without_urls
from store.duckdb_tables import EVENT_COLUMNS

__all__ = ["insert_statement", "stored_events"]


def stored_events(frame: pl.DataFrame) -> pl.DataFrame:
    """Events with the members of vehicles that say nothing about a person."""
    vehicle = pl.struct([pl.element().struct.field(name) for name in VEHICLE_MEMBERS])
    return frame.with_columns(
        images=without_urls(),
        vehicles=pl.col("vehicles").list.eval(vehicle),
        time_quality=pl.col("time_quality").cast(pl.String),
    ).select(*EVENT_COLUMNS)


def insert_statement(table: str, everything: str) -> str:
    """Write of those events of `batch` that are not there.

    Not by time as well: an event without a good clock has another each time it comes. `everything` is what is
    near in time: looking at all events that are kept would cost the more the longer they are.
    """
    names = ", ".join(EVENT_COLUMNS)
    return (
        f"INSERT INTO {table} ({names}) SELECT {names} FROM batch b"
        f" WHERE NOT EXISTS (SELECT 1 FROM {everything} e WHERE e.id = b.id AND e.device = b.device)"
    )
