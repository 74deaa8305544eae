"""InfluxDB's answers as columns."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from devices.batch import READING_COLUMNS, TIME, ReadingBatch, TimeQuality, reading_schema
from store.influxql import Series
from store.rollups.combining import wanted_parts
from store.rollups.schema import Part, part_name, rollup_schema
from store.row_keys import SEQUENCE_MODULUS
from store.windows import WindowQuery, result_type

__all__ = ["STORED", "exported", "partial", "ranged", "rolled_up", "windowed"]

STORED = ("received_at", "device_time", "seq", "time_quality")
"""What every reading has beside its fields; the last three only where they say something."""


def ranged(series: Sequence[Series], kind_id: str, fields: Sequence[str]) -> pl.DataFrame:
    """Series by device as the answer to a range query: by device, oldest first."""
    schema = {"device": pl.String, "time": pl.Int64} | _schema(kind_id, fields)
    rows = _settled(_frame(series, ["device"], schema)).sort("device", "time")
    columns = ["device", "measured_at", "received_at", "seq", "time_quality", *fields]
    return rows.select(columns).with_columns(pl.col("time_quality").cast(pl.String))


def exported(series: Sequence[Series], kind_id: str) -> ReadingBatch:
    """Series by device and area as a batch."""
    types = reading_schema(kind_id)
    fields = [name for name in types if name not in READING_COLUMNS]
    schema = {"device": pl.String, "area": pl.String, "time": pl.Int64} | _schema(kind_id, fields)
    rows = _settled(_frame(series, ["device", "area"], schema))
    return ReadingBatch(kind_id, rows.select(types.keys()).cast(pl.Schema(types)))


def windowed(series: Sequence[Series], query: WindowQuery) -> pl.DataFrame:
    """Series of aggregates, `window` being their start in epoch ms."""
    names = query.group_columns
    schema: dict[str, Any] = dict.fromkeys(names, pl.String) | {"time": pl.Int64}
    schema |= {name: result_type(query, name) for name in query.fields}
    rows = _frame(series, names, schema)
    return rows.with_columns(window=pl.col("time") // SEQUENCE_MODULUS)


def partial(series: Sequence[Series], query: WindowQuery) -> pl.DataFrame:
    """Series of the parts that an aggregate is made of, `window` being their start in epoch ms."""
    names, types = query.group_columns, rollup_schema(query.kind)
    parts = [part_name(field, part) for field in query.fields for part in wanted_parts(query.aggregate)]
    schema: dict[str, Any] = dict.fromkeys(names, pl.String) | {"time": pl.Int64}
    rows = _frame(series, names, schema | {name: types[name] for name in parts})
    # Without windows the time is that of the answer's part.
    window = pl.col("time") // SEQUENCE_MODULUS if query.every_ms else pl.lit(0, pl.Int64)
    return rows.select(*names, window.alias("window"), *parts)


def rolled_up(series: Sequence[Series], kind_id: str) -> pl.DataFrame:
    """Series by device and area as rollups."""
    types = rollup_schema(kind_id)
    schema = {"time" if name == "key" else name: dtype for name, dtype in types.items()}
    counts = [name for name in types if name.endswith(f"__{Part.COUNT}")]
    rows = _frame(series, ["device", "area"], schema).rename({"time": "key"})
    return rows.with_columns(pl.col(counts).fill_null(0))


def _schema(kind_id: str, fields: Sequence[str]) -> dict[str, Any]:
    types = reading_schema(kind_id)
    stored = {"received_at": pl.Int64, "device_time": pl.Int64, "seq": pl.Int64, "time_quality": pl.String}
    return stored | {name: types[name] for name in fields}


def _frame(series: Sequence[Series], tags: Sequence[str], schema: dict[str, Any]) -> pl.DataFrame:
    """All rows of all series, the tags as columns. Whole floats come as JSON integers."""
    columns = {name: list[Any]() for name in schema}
    for one in series:
        for name in tags:
            columns[name] += [one.tags[name]] * len(one.values)
        for name, values in zip(one.columns, zip(*one.values, strict=True), strict=True):
            columns[name] += values
    made = [pl.Series(name, columns[name], dtype=dtype, strict=False) for name, dtype in schema.items()]
    return pl.DataFrame(made)


def _settled(rows: pl.DataFrame) -> pl.DataFrame:
    """The times as they were written: what is not stored is what the key says."""
    measured_ms = pl.col("time") // SEQUENCE_MODULUS
    quality = pl.col("time_quality").fill_null(TimeQuality.OK.value)
    said = pl.when(pl.col("time_quality").is_null()).then(measured_ms)
    return rows.with_columns(
        measured_at=measured_ms.cast(TIME),
        received_at=pl.col("received_at").cast(TIME),
        device_time=pl.coalesce("device_time", said),
        time_quality=quality.cast(READING_COLUMNS["time_quality"]),
    )
