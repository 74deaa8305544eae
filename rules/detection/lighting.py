"""How bright lamps are meant to be, from the dated lighting programmes, for a whole batch at once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from devices.batch import to_ms
from devices.cities import City
from devices.device import Device
from devices.entities.lighting_programmes import LightingProgramme
from rules.detection.past import Floats, Ints
from rules.detection.sun import Sun, local_days

__all__ = ["Lighting"]

_STRIDE_MS = 2**42
"""More than any batch spans, so that the moments of one plan end before those of the next begin."""

_NO_PLAN = -1


class Lighting:
    """The levels that programmes ask for. A lamp's *plan* is the programmes that ever concern it.

    Of several programmes in force on a day one for a cabinet or street goes before one for the whole area,
    and of those the one that began last. Without one nothing is known.
    """

    def __init__(self, programmes: Iterable[LightingProgramme], city: City, sun: Sun) -> None:
        # The last that fits wins.
        self._programmes = sorted(programmes, key=lambda one: (one.group != "", one.valid_from, one.id))
        self._city = city
        self._sun = sun
        self._plans: dict[tuple[LightingProgramme, ...], int] = {}
        self._table = lru_cache(maxsize=4)(self._make_table)

    def plans(self, devices: Sequence[Device]) -> pl.Series:
        """The number of each lamp's plan, for `dim_pct`."""
        by_area: dict[str, list[LightingProgramme]] = {}
        for programme in self._programmes:
            by_area.setdefault(programme.area, []).append(programme)
        found = [
            self._plan(tuple(one for one in by_area.get(device.area, ()) if one.concerns(device)))
            for device in devices
        ]
        self._table.cache_clear()
        return pl.Series("lighting_plan", found, dtype=pl.Int64)

    def _plan(self, programmes: tuple[LightingProgramme, ...]) -> int:
        if not programmes:
            return _NO_PLAN
        return self._plans.setdefault(programmes, len(self._plans))

    def dim_pct(self, frame: pl.DataFrame) -> pl.Series:
        """The level asked for at each moment, in percent; null where no programme says.

        Frames need `measured_at` and `lighting_plan`.
        """
        days = local_days(frame["measured_at"], self._city)
        plans = frame["lighting_plan"].to_numpy()
        if not days or not self._plans:
            return pl.Series("dim_pct", [None] * frame.height, dtype=pl.Float64)
        base_ms, begins, levels = self._table(days[0], days[-1])
        asked = plans * _STRIDE_MS + frame["measured_at"].dt.timestamp("ms").to_numpy() - base_ms
        place = np.searchsorted(begins, asked, side="right") - 1
        found = np.where(plans == _NO_PLAN, np.nan, levels[np.maximum(place, 0)])
        return pl.Series("dim_pct", found, nan_to_null=True)

    def _make_table(self, first: date, last: date) -> tuple[int, Ints, Floats]:
        """When each level of each plan begins in some days, after a moment, ascending; and which."""
        base_ms = self._midnight_ms(first)
        days = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
        steps = [
            (number * _STRIDE_MS + at_ms - base_ms, level)
            for plan, number in self._plans.items()
            for day in days
            for at_ms, level in self._levels(plan, day)
        ]
        begins: NDArray[np.int64] = np.array([at for at, _ in steps], dtype=np.int64)
        return base_ms, begins, np.array([level for _, level in steps], dtype=np.float64)

    def _levels(self, plan: Sequence[LightingProgramme], day: date) -> Iterator[tuple[int, float]]:
        """When which level begins on a day; from midnight on the last step of the curve holds."""
        midnight_ms = self._midnight_ms(day)
        valid = [
            one for one in plan if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to)
        ]
        if not valid:
            yield midnight_ms, np.nan
            return
        sun = self._sun.times(day)
        steps = sorted(valid[-1].curve, key=lambda step: step.begins(sun))
        yield midnight_ms, float(steps[-1].dim_pct)
        for step in steps:
            yield max(midnight_ms, to_ms(step.begins(sun)) or 0), float(step.dim_pct)

    def _midnight_ms(self, day: date) -> int:
        return to_ms(datetime.combine(day, time(), self._city.zone)) or 0
