"""The changing state of all devices of a kind, one number or word each, as columns by row number."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

__all__ = ["NO_ROW", "Heads"]

NO_ROW = 2**32 - 1
"""A row number that no device has: what comes before the first row of a frame and after its last."""


class Heads:
    """Columns that are read and written at some rows only; a batch costs what it touches.

    Every column starts as null, except those given a start value.
    """

    def __init__(self, size: int, types: Mapping[str, Any], start: Mapping[str, Any] | None = None) -> None:
        starts = start or {}
        self._columns = {
            name: pl.Series(name, [starts.get(name)], dtype=dtype).new_from_index(0, size)
            for name, dtype in types.items()
        }

    def read(self, rows: pl.Series, names: Sequence[str] | None = None) -> pl.DataFrame:
        """The values at some rows, in their order; of all columns unless some are named."""
        wanted = self._columns if names is None else names
        return pl.DataFrame([self._columns[name][rows] for name in wanted])

    def write(self, rows: pl.Series | Sequence[int], values: Mapping[str, pl.Series | Sequence[Any]]) -> None:
        """Replace values at some rows; no row may occur twice."""
        where = rows if isinstance(rows, pl.Series) else pl.Series(rows, dtype=pl.UInt32)
        if where.len() == 0:
            return
        for name, column in values.items():
            own = self._columns[name]
            fresh = column if isinstance(column, pl.Series) else pl.Series(column, dtype=own.dtype)
            self._columns[name] = own.scatter(where, fresh.cast(own.dtype))

    def whole(self, names: Sequence[str]) -> pl.DataFrame:
        """Some columns over all devices."""
        return pl.DataFrame([self._columns[name] for name in names])
