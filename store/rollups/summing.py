"""Readings, or finer rollups, summed up by window: the same on every backend."""

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from devices.catalogue import kinds
from devices.description import Field
from store.resolutions import Resolution
from store.rollups.schema import Part, part_name, parts_of, rollup_schema
from store.row_keys import SEQUENCE_MODULUS, keyed

__all__ = ["summed_readings", "summed_rollups"]

_GROUP = ("device", "area", "key")


def summed_readings(frames: Sequence[pl.DataFrame], kind_id: str, resolution: Resolution) -> pl.DataFrame:
    """Rollups of readings of a kind, which may be in any order, each of them once."""
    rows = keyed(pl.concat(frames)).sort("key")
    spoken = [field for field in kinds()[kind_id].fields if rows[field.name].null_count() < rows.height]
    made = _grouped(rows, resolution, [pl.len().alias("readings"), *_of_readings(spoken)])
    return _complete(made, kind_id)


def summed_rollups(frames: Sequence[pl.DataFrame], kind_id: str, resolution: Resolution) -> pl.DataFrame:
    """Rollups of finer ones, which may be in any order, each of them once."""
    rows = pl.concat(frames).sort("key")
    made = _grouped(rows, resolution, [pl.col("readings").sum(), *_of_rollups(kinds()[kind_id].fields)])
    return _complete(made, kind_id)


def _grouped(rows: pl.DataFrame, resolution: Resolution, parts: Iterable[pl.Expr]) -> pl.DataFrame:
    length = resolution.length_ms * SEQUENCE_MODULUS
    return rows.with_columns(key=pl.col("key") // length * length).group_by(_GROUP).agg(*parts)


def _of_readings(fields: Iterable[Field]) -> Iterator[pl.Expr]:
    for field in fields:
        said = pl.col(field.name).drop_nulls()
        made = {
            Part.COUNT: pl.col(field.name).count(),
            Part.SUM: pl.when(pl.col(field.name).count() > 0).then(pl.col(field.name).sum()),
            Part.MIN: pl.col(field.name).min(),
            Part.MAX: pl.col(field.name).max(),
            Part.FIRST: said.first(),
            Part.LAST: said.last(),
        }
        yield from (made[part].alias(part_name(field.name, part)) for part in parts_of(field))


def _of_rollups(fields: Iterable[Field]) -> Iterator[pl.Expr]:
    for field in fields:
        columns = {part: pl.col(part_name(field.name, part)) for part in parts_of(field)}
        for part, column in columns.items():
            yield _summed_again(part, column).alias(part_name(field.name, part))


def _summed_again(part: Part, column: pl.Expr) -> pl.Expr:
    return {
        Part.COUNT: column.sum(),
        Part.SUM: pl.when(column.count() > 0).then(column.sum()),
        Part.MIN: column.min(),
        Part.MAX: column.max(),
        Part.FIRST: column.drop_nulls().first(),
        Part.LAST: column.drop_nulls().last(),
    }[part]


def _complete(made: pl.DataFrame, kind_id: str) -> pl.DataFrame:
    """With every column: of a field that nobody reported a count of 0, and null for the rest."""
    schema = rollup_schema(kind_id)
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in made.columns]
    counts = [name for name in schema if name.endswith(f"__{Part.COUNT}")]
    return (
        made.with_columns(missing)
        .select(schema.keys())
        .cast(pl.Schema(schema))
        .with_columns(pl.col(counts).fill_null(0))
        .sort("key", "device", "area")
    )
