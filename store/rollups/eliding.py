"""Rollups without what their first value says: of a window of one reading only that is left."""

from collections.abc import Sequence

import polars as pl

from devices.description import Field
from store.rollups.schema import Part, part_name, parts_of

__all__ = ["elided", "whole"]


def elided(frame: pl.DataFrame, fields: Sequence[Field]) -> pl.DataFrame:
    """Rollups with null where a part is what the first value says."""
    columns = []
    for field in fields:
        first = part_name(field.name, Part.FIRST)
        for part in parts_of(field):
            name = part_name(field.name, part)
            said = pl.lit(1) if part is Part.COUNT else pl.col(first)
            if part is not Part.FIRST:
                columns.append(pl.when(pl.col(name).ne_missing(said)).then(pl.col(name)).alias(name))
    return frame.with_columns(columns)


def whole(frame: pl.DataFrame, fields: Sequence[Field]) -> pl.DataFrame:
    """The rollups of which `elided` left these."""
    columns = []
    for field in fields:
        first = pl.col(part_name(field.name, Part.FIRST))
        for part in parts_of(field):
            name = part_name(field.name, part)
            if part is Part.COUNT:
                one = pl.when(first.is_null()).then(0).otherwise(pl.col(name).fill_null(1))
                columns.append(one.alias(name))
            elif part is not Part.FIRST:
                columns.append(pl.coalesce(name, first).alias(name))
    return frame.with_columns(columns)
