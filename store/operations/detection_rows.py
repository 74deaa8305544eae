"""Bulk writing of what a batch says about devices: latest readings, statuses, dead letters."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from polars import selectors
from sqlalchemy import Connection, case

from devices.batch import READING_COLUMNS, ReadingBatch
from store.operations.dialects import bulk_upsert, insert_or_skip, upsert
from store.operations.tables import dead_letters, device_status, latest_state

__all__ = ["write_dead_letters", "write_latest", "write_statuses"]


def write_latest(connection: Connection, batches: Sequence[ReadingBatch]) -> None:
    """Make each row its device's latest state, unless a newer one stands there."""
    rows = [row for batch in batches for row in _latest_rows(batch)]
    newer_by = ["measured_at_ms", "received_at_ms"]
    bulk_upsert(connection, latest_state, rows, key=["device"], keep_newer_by=newer_by)


def write_statuses(connection: Connection, statuses: pl.DataFrame) -> None:
    """Keep each device's last status; `since_ms` moves only when the status differs from the one before."""
    if statuses.is_empty():
        return
    begins_run = (pl.col("online") != pl.col("online").shift(1).over("device")).fill_null(value=True)
    received_ms = pl.col("received_at").dt.epoch("ms")
    last = (
        statuses.with_columns(begins_run=begins_run, received_at_ms=received_ms)
        .group_by("device", maintain_order=True)
        .agg(
            pl.col("online").last(),
            since_ms=pl.col("received_at_ms").filter(pl.col("begins_run")).last(),
            received_at_ms=pl.col("received_at_ms").last(),
        )
    )
    statement = upsert(connection, device_status, key=["device"])
    new = statement.excluded
    since = case((device_status.c.online == new.online, device_status.c.since_ms), else_=new.since_ms)
    statement = upsert(
        connection, device_status, key=["device"], keep_newer_by=["received_at_ms"], since_ms=since
    )
    connection.execute(statement, last.to_dicts())


def write_dead_letters(connection: Connection, journal: str, letters: pl.DataFrame) -> None:
    """Add dead letters; those of an entry that is already there are recognised by entry and row in it."""
    if letters.is_empty():
        return
    rows = letters.select(
        "reason",
        "detail",
        "topic",
        "payload",
        "payload_bytes",
        "entry",
        journal=pl.lit(journal),
        entry_row=pl.int_range(pl.len()).over("entry"),
        received_at_ms=pl.col("received_at").dt.epoch("ms"),
    )
    key = ["journal", "entry", "entry_row"]
    connection.execute(insert_or_skip(connection, dead_letters, key=key), rows.to_dicts())


def _latest_rows(batch: ReadingBatch) -> list[dict[str, Any]]:
    # What no device of the batch says is most of a kind's fields, and would be read again with every answer.
    said = [c.name for c in batch.frame if c.name not in READING_COLUMNS and c.null_count() < c.len()]
    values = pl.struct(said).struct.json_encode() if said else pl.lit("{}")
    frame = batch.frame.with_columns(selectors.float().fill_nan(None)).select(
        "device",
        "area",
        "seq",
        kind=pl.lit(batch.kind),
        measured_at_ms=pl.col("measured_at").dt.epoch("ms"),
        received_at_ms=pl.col("received_at").dt.epoch("ms"),
        time_quality=pl.col("time_quality").cast(pl.String),
        values_json=values,
    )
    return frame.to_dicts()
