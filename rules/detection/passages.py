"""How many vehicles each camera has seen lately, and of how many it could not read the plate."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from rules.detection.past import NEVER, Floats, Ints
from rules.expressions.windows import WindowCall

__all__ = ["Passages"]

_DEPTH = 600
"""Passages of a camera that are remembered, the last to come."""

_VEHICLES = pl.col("vehicles").list
_READ = pl.element().struct.field("plate").is_not_null() & (pl.element().struct.field("plate") != "")


class Passages:
    """The last passages of each camera, by row number.

    A window ends one lateness before the reading that asks, when every passage up to its end has come; so it
    does not matter in which order they come. A camera that never saw anybody is one that does not say.
    """

    def __init__(self, size: int, lateness_ms: int) -> None:
        self._lateness_ms = lateness_ms
        self._ts: Ints = np.full((size, _DEPTH), NEVER, dtype=np.int64)
        self._seen: Ints = np.zeros((size, _DEPTH), dtype=np.int64)
        self._unread: Ints = np.zeros((size, _DEPTH), dtype=np.int64)
        self._next: Ints = np.zeros(size, dtype=np.int64)

    def note(self, events: pl.DataFrame) -> None:
        """Remember passages, numbered events as columns of `EVENT_SCHEMA`."""
        counted = events.filter(pl.col("type") == "passage").select(
            "row",
            "ts",
            pl.int_range(pl.len()).over("row").alias("turn"),
            _VEHICLES.len().fill_null(0).cast(pl.Int64).alias("seen"),
            _VEHICLES.eval(_READ).list.sum().fill_null(0).cast(pl.Int64).alias("read"),
        )
        rows = counted["row"].to_numpy().astype(np.int64)
        place = (self._next[rows] + counted["turn"].to_numpy()) % _DEPTH
        seen = counted["seen"].to_numpy()
        self._ts[rows, place] = counted["ts"].to_numpy()
        self._seen[rows, place] = seen
        self._unread[rows, place] = seen - counted["read"].to_numpy()
        np.add.at(self._next, rows, 1)

    def count(self, call: WindowCall, rows: Ints, ts: Ints) -> Floats:
        """What a function gives for readings of some cameras at some moments."""
        end = (ts - self._lateness_ms)[:, None]
        times = self._ts[rows]
        inside = (times <= end) & (times > end - call.span_ms)
        counted = self._unread[rows] if call.function == "vehicles.unread" else self._seen[rows]
        found = (counted * inside).sum(axis=1).astype(np.float64)
        return np.where(self._next[rows] > 0, found, np.nan)

    def take(self, row: int) -> list[tuple[int, int, int]]:
        """What is remembered of a camera, in the order in which it came, for `put`."""
        order = (np.arange(_DEPTH) + self._next[row]) % _DEPTH
        order = order[self._ts[row, order] != NEVER]
        columns = (table[row, order].tolist() for table in (self._ts, self._seen, self._unread))
        return list(zip(*columns, strict=True))

    def put(self, row: int, kept: Sequence[tuple[int, int, int]]) -> None:
        """Go on from what was remembered."""
        for place, (at_ms, seen, unread) in enumerate(kept):
            self._ts[row, place], self._seen[row, place], self._unread[row, place] = at_ms, seen, unread
        self._next[row] = len(kept)
