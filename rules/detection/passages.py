"""How many vehicles each camera has seen lately, and of how many it could not read the plate."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from rules.detection.past import NEVER, Floats, Ints
from rules.expressions.windows import WindowCall

__all__ = ["Kept", "Passages"]

_DEPTH = 600
"""Passages of a camera that are remembered from mark to mark, the newest."""

_VEHICLES = pl.col("vehicles").list
_READ = pl.element().struct.field("plate").is_not_null() & (pl.element().struct.field("plate") != "")

Kept = tuple[int, int, int]
"""A passage: its time in ms, its vehicles, and those of them whose plate could not be read."""


class _Noted(NamedTuple):
    """Passages since the last mark, each camera's together and in the order of their times."""

    row: Ints
    ts: Ints
    seen: Ints
    unread: Ints

    def counted(self, unread_only: bool, rows: Ints, bounds: tuple[Ints, Ints]) -> Ints:  # noqa: FBT001
        """How many vehicles some cameras have seen after one moment and up to another."""
        base, stride = int(self.ts.min()), int(self.ts.max() - self.ts.min()) + 2
        keys = self.row * stride + (self.ts - base)
        total = np.concatenate(([0], np.cumsum(self.unread if unread_only else self.seen)))
        first, last = (
            np.searchsorted(keys, rows * stride + np.clip(bound - base, -1, stride - 2), side="right")
            for bound in bounds
        )
        found: Ints = total[last] - total[first]
        return found


class Passages:
    """The last passages of each camera, by row number.

    A window ends one lateness before the reading that asks, when every passage up to its end has come; so it
    does not matter in which order they come. Nothing is forgotten between two marks, so that it does not
    matter either how many come at once. A camera that never saw anybody is one that does not say, and of a
    window whose passages may be forgotten it is not known that there was none.
    """

    def __init__(self, size: int, lateness_ms: int) -> None:
        self._lateness_ms = lateness_ms
        self._ts: Ints = np.full((size, _DEPTH), NEVER, dtype=np.int64)
        self._seen: Ints = np.zeros((size, _DEPTH), dtype=np.int64)
        self._unread: Ints = np.zeros((size, _DEPTH), dtype=np.int64)
        self._speaks = np.zeros(size, dtype=np.bool_)
        self._noted: list[_Noted] = []

    def note(self, events: pl.DataFrame) -> None:
        """Remember passages, numbered events as columns of `EVENT_SCHEMA`."""
        counted = events.filter(pl.col("type") == "passage").select(
            pl.col("row").cast(pl.Int64),
            "ts",
            _VEHICLES.len().fill_null(0).cast(pl.Int64).alias("seen"),
            _VEHICLES.eval(_READ).list.sum().fill_null(0).cast(pl.Int64).alias("read"),
        )
        row, ts, seen, read = (column.to_numpy() for column in counted)
        self._add(_Noted(row, ts, seen, seen - read))

    def _add(self, noted: _Noted) -> None:
        if noted.row.size:
            self._speaks[noted.row] = True
            self._noted.append(noted)

    def _gathered(self) -> _Noted | None:
        """What was noted since the last mark, as one."""
        if len(self._noted) > 1 or (self._noted and not _is_sorted(self._noted[0])):
            row, ts, seen, unread = (np.concatenate(parts) for parts in zip(*self._noted, strict=True))
            order = np.lexsort((ts, row))
            self._noted = [_Noted(row[order], ts[order], seen[order], unread[order])]
        return self._noted[0] if self._noted else None

    def settle(self) -> Ints:
        """A mark has come: of each camera's passages only the newest are kept. Gives the cameras' rows."""
        noted = self._gathered()
        if noted is None:
            return np.empty(0, dtype=np.int64)
        self._noted = []
        begins = np.flatnonzero(np.diff(noted.row, prepend=-1))
        devices, counts = noted.row[begins], np.diff(begins, append=noted.row.size)
        # Of more than can be kept, the newest: they stand at the end of their camera's.
        behind = np.repeat(begins + counts, counts) - np.arange(noted.row.size)
        width = min(int(counts.max()), _DEPTH)
        newest = behind <= width
        place, column = np.repeat(np.arange(devices.size), counts)[newest], _DEPTH + width - behind[newest]
        wide = np.full((devices.size, _DEPTH + width), NEVER, dtype=np.int64)
        wide[:, :_DEPTH], wide[place, column] = self._ts[devices], noted.ts[newest]
        kept = np.argpartition(wide, width, axis=1)[:, width:]
        self._ts[devices] = np.take_along_axis(wide, kept, axis=1)
        for table, values in ((self._seen, noted.seen), (self._unread, noted.unread)):
            wide[:, :_DEPTH], wide[place, column] = table[devices], values[newest]
            table[devices] = np.take_along_axis(wide, kept, axis=1)
        return devices

    def count(self, call: WindowCall, rows: Ints, ts: Ints) -> Floats:
        """What a function gives for readings of some cameras at some moments."""
        end = ts - self._lateness_ms
        times, unread_only = self._ts[rows], call.function == "vehicles.unread"
        inside = (times <= end[:, None]) & (times > (end - call.span_ms)[:, None])
        counted = self._unread[rows] if unread_only else self._seen[rows]
        found = (counted * inside).sum(axis=1)
        passed = inside.any(axis=1)
        noted = self._gathered()
        if noted is not None:
            found = found + noted.counted(unread_only, rows, (end - call.span_ms, end))
            passed |= found > 0
        oldest = times.min(axis=1, initial=np.iinfo(np.int64).max)
        is_forgotten = ~passed & (oldest != NEVER) & (end - call.span_ms < oldest)
        return np.where(self._speaks[rows] & ~is_forgotten, found.astype(np.float64), np.nan)

    def take(self, row: int) -> list[Kept]:
        """What is remembered of a camera, for `put`."""
        kept = self._ts[row] != NEVER
        columns = [table[row][kept] for table in (self._ts, self._seen, self._unread)]
        noted = self._gathered()
        if noted is not None:
            first, last = np.searchsorted(noted.row, [row, row + 1])
            added = (column[first:last] for column in noted[1:])
            columns = [np.append(old, new) for old, new in zip(columns, added, strict=True)]
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def put(self, row: int, kept: Sequence[Kept]) -> None:
        """Go on from what was remembered."""
        if kept:
            ts, seen, unread = (np.array(column, dtype=np.int64) for column in zip(*kept, strict=True))
            self._add(_Noted(np.full(ts.size, row, dtype=np.int64), ts, seen, unread))


def _is_sorted(noted: _Noted) -> bool:
    row, ts = np.diff(noted.row), np.diff(noted.ts)
    return bool(((row > 0) | ((row == 0) & (ts >= 0))).all())
