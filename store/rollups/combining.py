"""Answers for parts of a question's time, put together to the answer for the whole."""

from collections.abc import Sequence

import polars as pl

from store.rollups.schema import Part, part_name
from store.windows import Aggregate, WindowQuery

__all__ = ["combined", "wanted_parts"]

_PARTS = {
    Aggregate.MEAN: (Part.SUM, Part.COUNT),
    Aggregate.MIN: (Part.MIN,),
    Aggregate.MAX: (Part.MAX,),
    Aggregate.SUM: (Part.SUM,),
    Aggregate.COUNT: (Part.COUNT,),
    Aggregate.FIRST: (Part.FIRST,),
    Aggregate.LAST: (Part.LAST,),
}


def wanted_parts(aggregate: Aggregate) -> tuple[Part, ...]:
    """What is needed of each field to make an aggregate of it."""
    return _PARTS[aggregate]


def combined(answers: Sequence[pl.DataFrame], query: WindowQuery) -> pl.DataFrame:
    """One row for each group and window, from answers for times that follow each other."""
    whole = pl.concat(answers)
    names = [part_name(field, part) for field in query.fields for part in _PARTS[query.aggregate]]
    made = whole.group_by(*query.group_columns, "window", maintain_order=True).agg(
        _together(name).alias(name) for name in names
    )
    return made.select(
        *query.group_columns, "window", *(_value(query.aggregate, name) for name in query.fields)
    )


def _together(name: str) -> pl.Expr:
    column, part = pl.col(name).drop_nulls(), Part(name.rpartition("__")[2])
    if part in {Part.SUM, Part.COUNT}:
        return pl.when(column.len() > 0).then(column.sum())
    return {Part.MIN: column.min, Part.MAX: column.max, Part.FIRST: column.first, Part.LAST: column.last}[
        part
    ]()


def _value(aggregate: Aggregate, field: str) -> pl.Expr:
    if aggregate is Aggregate.MEAN:
        count = pl.col(part_name(field, Part.COUNT))
        return pl.when(count > 0).then(pl.col(part_name(field, Part.SUM)) / count).alias(field)
    (part,) = _PARTS[aggregate]
    return pl.col(part_name(field, part)).alias(field)
