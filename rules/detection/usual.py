"""What is usual for a device at the hour: the average of the same local hour in the days before.

The days stand in a ring; a reading is compared with the days before its own only, so that what happens
today is never part of what is usual today.
"""

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from rules.detection.past import Floats, Ints
from rules.expressions.windows import USUAL_DAYS, USUAL_LEAST_DAYS, WindowCall

__all__ = ["KeptUsual", "Usual"]

KeptUsual = list[tuple[int, int, int, int]]
"""Of a device: day, hour, sum in millionths of the unit, and how many values."""

_RING = USUAL_DAYS + 1
_HOURS = 24
_PER_UNIT = 1_000_000
_WIDEST = 9e9
_NO_DAY = -(2**31)


class Usual:
    """The functions `usual(…)` of one kind's rules, and what they must remember of each device."""

    def __init__(self, calls: Iterable[WindowCall], size: int, zone: ZoneInfo) -> None:
        self._calls = sorted(set(calls))
        self._zone = zone.key
        rows = size if self._calls else 0
        self._day: Ints = np.full((rows, _RING), _NO_DAY, dtype=np.int64)
        shape = (rows, _RING, _HOURS)
        self._sum = {call.field: np.zeros(shape, dtype=np.int64) for call in self._calls}
        self._count = {call.field: np.zeros(shape, dtype=np.int32) for call in self._calls}

    def add(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The readings, in order, with a column for each function; remembers them.

        Frames need `row`, `measured_at` and what the functions are about.
        """
        if not self._calls or frame.height == 0:
            return frame
        local = frame["measured_at"].dt.convert_time_zone(self._zone).dt
        rows = frame["row"].to_numpy().astype(np.int64)
        day = local.date().cast(pl.Int32).to_numpy().astype(np.int64)
        hour = local.hour().to_numpy().astype(np.int64)
        values = {name: frame[name].cast(pl.Float64).to_numpy() for name in self._sum}
        found = {name: np.full(rows.size, np.nan) for name in self._sum}
        # A device's readings of one day are together, and its days in order.
        for one in np.unique(day):
            of_day = np.flatnonzero(day == one)
            for name in values:
                found[name][of_day] = self._before(name, rows[of_day], int(one), hour[of_day])
            self._begin(np.unique(rows[of_day]), int(one))
            for name, said in values.items():
                self._remember(name, (rows[of_day], int(one), hour[of_day]), said[of_day])
        return frame.with_columns(
            pl.Series(call.column, found[call.field], nan_to_null=True) for call in self._calls
        )

    def _before(self, name: str, rows: Ints, day: int, hour: Ints) -> Floats:
        """The average of an hour in the days before; unknown where too few of them have any value."""
        at = np.arange(rows.size)[:, None], np.arange(_RING)[None, :], hour[:, None]
        days = self._day[rows]
        counts = np.where((days < day) & (days >= day - USUAL_DAYS), self._count[name][rows][at], 0)
        total = np.where(counts > 0, self._sum[name][rows][at], 0).sum(axis=1)
        count = counts.sum(axis=1)
        is_known = (counts > 0).sum(axis=1) >= USUAL_LEAST_DAYS
        found: Floats = np.where(is_known, total / (np.maximum(count, 1) * _PER_UNIT), np.nan)
        return found

    def _begin(self, rows: Ints, day: int) -> None:
        """Make room for a day in the ring, in the place of the one that is too far back."""
        place = day % _RING
        new = rows[self._day[rows, place] < day]
        self._day[new, place] = day
        for tables in (self._sum, self._count):
            for table in tables.values():
                table[new, place] = 0

    def _remember(self, name: str, at: tuple[Ints, int, Ints], said: Floats) -> None:
        rows, day, hour = at
        place = day % _RING
        # A day that is already out of the ring says nothing any more.
        known = (np.abs(said) <= _WIDEST) & (self._day[rows, place] == day)
        where = rows[known], place, hour[known]
        np.add.at(self._sum[name], where, np.rint(said[known] * _PER_UNIT).astype(np.int64))
        np.add.at(self._count[name], where, 1)

    def take(self, row: int) -> dict[str, KeptUsual]:
        """What must be remembered of a device, by what the functions are about, for `put`."""
        kept: dict[str, KeptUsual] = {}
        for name, counts in self._count.items():
            places, hours = np.nonzero(counts[row])
            columns = (
                self._day[row, places],
                hours,
                self._sum[name][row, places, hours],
                counts[row, places, hours],
            )
            kept[name] = list(zip(*(column.tolist() for column in columns), strict=True))
        return {name: found for name, found in kept.items() if found}

    def put(self, row: int, kept: Mapping[str, KeptUsual]) -> None:
        """Go on from what was remembered."""
        for name, found in kept.items():
            if name not in self._sum:
                continue
            for day, hour, total, count in found:
                self._day[row, day % _RING] = max(day, int(self._day[row, day % _RING]))
                self._sum[name][row, day % _RING, hour] = total
                self._count[name][row, day % _RING, hour] = count
