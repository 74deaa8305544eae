"""The columns of a rollup: one row for each device, area and window, from which every aggregate follows.

Of each field the count, sum, least, greatest, first and last value are kept; a text or a truth value has
count, first and last. `key` is the window's start, made like the row key of a reading.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache

import polars as pl

from devices.catalogue import kinds
from devices.description import Field

__all__ = ["Part", "part_name", "parts_of", "rollup_schema"]


class Part(StrEnum):
    """What is kept of a field's values in a window."""

    COUNT = "count"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"


_TYPES: Mapping[str, pl.DataType] = {
    "float": pl.Float64(), "int": pl.Int64(), "bool": pl.Boolean(), "text": pl.String()
}  # fmt: skip
_OF_ANY_TYPE = (Part.COUNT, Part.FIRST, Part.LAST)


def parts_of(field: Field) -> tuple[Part, ...]:
    """What is kept of a field."""
    return tuple(Part) if field.value in {"float", "int"} else _OF_ANY_TYPE


def part_name(field: str, part: Part) -> str:
    """The column of a part of a field; no field's own name has two underscores."""
    return f"{field}__{part}"


@cache
def rollup_schema(kind_id: str) -> Mapping[str, pl.DataType]:
    """Column types of a kind's rollups, of any resolution."""
    schema: dict[str, pl.DataType] = {"device": pl.String(), "area": pl.String(), "key": pl.Int64()}
    schema["readings"] = pl.Int64()
    for field in kinds()[kind_id].fields:
        for part in parts_of(field):
            schema[part_name(field.name, part)] = pl.Int64() if part is Part.COUNT else _TYPES[field.value]
    return schema
