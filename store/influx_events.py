"""InfluxDB's answers about events and hours as columns."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from devices.batch import EVENT_SCHEMA, TIME, TimeQuality
from store.influxql import Series
from store.row_keys import SEQUENCE_MODULUS
from store.telemetry import HOUR_MS, HOURS_SCHEMA

__all__ = ["EVENT_COLUMNS", "events", "hourly"]

_TAGS = ("device", "area")
_OF_KEY = "measured_at"
_AS_TEXT = ("vehicles", "images")
_TIMES = ("received_at",)

EVENT_COLUMNS = tuple(name for name in EVENT_SCHEMA if name not in {*_TAGS, _OF_KEY})
"""What is asked of an event: all that is neither a tag nor in its time."""


def events(series: Sequence[Series]) -> pl.DataFrame:
    """Series by device and area in `EVENT_SCHEMA`."""
    columns: dict[str, list[Any]] = {name: [] for name in (*_TAGS, "time", *EVENT_COLUMNS)}
    for one in series:
        for tag in _TAGS:
            columns[tag] += [one.tags[tag]] * len(one.values)
        for name, values in zip(one.columns, zip(*one.values, strict=True), strict=True):
            columns[name] += values
    frame = pl.DataFrame(
        [pl.Series(name, values, _type(name), strict=False) for name, values in columns.items()]
    )
    lists = [pl.col(name).str.json_decode(EVENT_SCHEMA[name]) for name in _AS_TEXT]
    whole = frame.with_columns(
        *lists,
        pl.col("time_quality").fill_null(TimeQuality.OK.value),
        pl.col("received_at").cast(TIME),
        measured_at=(pl.col("time") // SEQUENCE_MODULUS).cast(TIME),
    )
    return whole.select(EVENT_SCHEMA.keys()).cast(pl.Schema(EVENT_SCHEMA))


def hourly(series: Sequence[Series]) -> pl.DataFrame:
    """Counts by the start of their hour as `HOURS_SCHEMA`."""
    rows = [
        (time_ns // SEQUENCE_MODULUS // HOUR_MS, count) for one in series for time_ns, count in one.values
    ]
    return pl.DataFrame(rows, schema=pl.Schema(HOURS_SCHEMA), orient="row")


def _type(name: str) -> Any:
    if name == "time" or name in _TIMES:
        return pl.Int64
    return pl.String if name in _AS_TEXT else EVENT_SCHEMA[name]
