"""Readings by the thousand."""

from datetime import UTC, datetime, timedelta

import polars as pl

from devices.batch import reading_schema

__all__ = ["many_lamps"]


def many_lamps(count: int, until: datetime = datetime(2025, 11, 25, tzinfo=UTC)) -> pl.DataFrame:
    """Lamps' readings, a millisecond apart, the last one at `until`; `seq` counts from 0."""
    number = pl.int_range(count, dtype=pl.Int64).alias("seq")
    first = until - timedelta(milliseconds=count)
    at = (first + pl.duration(milliseconds="seq")).cast(pl.Datetime("ms", "UTC"))
    made = pl.select(number).with_columns(
        device=pl.format("L{}", pl.col("seq") % 100),
        area=pl.lit("tam-ky"),
        measured_at=at,
        received_at=at,
        device_time=at.dt.epoch("ms"),
        time_quality=pl.lit("ok"),
        power_w=pl.col("seq") / 7,
    )
    schema = pl.Schema(reading_schema("streetlight"))
    missing = [pl.lit(None).alias(name) for name in schema if name not in made.columns]
    return made.with_columns(missing).select(schema.names()).cast(schema)
