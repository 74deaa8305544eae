"""Which fields of readings are asked for, and readings in a form that JSON knows."""

from typing import Annotated

import polars as pl
from fastapi import Query
from polars import selectors

from api.problems import Problem, ProblemKind
from devices.description import DeviceKind

__all__ = ["FieldNames", "asked_fields", "with_plain_values"]

FieldNames = Annotated[
    str | None,
    Query(max_length=1000, description="Names of fields, separated by commas; all of them by default"),
]


def asked_fields(names: str | None, kind: DeviceKind) -> list[str]:
    """The fields asked for, each once.

    Raises:
        Problem: the kind does not report one of them.
    """
    asked = (
        list(dict.fromkeys(name.strip() for name in names.split(","))) if names else list(kind.field_names)
    )
    unknown = [name for name in asked if name not in kind.by_name]
    if unknown:
        detail = f"a {kind.id} does not report {unknown[0]!r}; it reports {', '.join(kind.field_names)}"
        raise Problem(ProblemKind.INVALID, detail, field="fields")
    return asked


def with_plain_values(frame: pl.DataFrame) -> pl.DataFrame:
    """Times as epoch milliseconds, and what is no number as missing: JSON knows no NaN."""
    return frame.with_columns(
        pl.col("measured_at", "received_at").dt.epoch("ms"),
        pl.col("time_quality").cast(pl.String),
        selectors.float().fill_nan(None),
    )
