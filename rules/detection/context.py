"""The columns behind functions of time and place: sun, programmes, calibration."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import polars as pl
from astral import Observer
from astral.sun import elevation, sunrise, sunset

from devices.batch import to_ms
from devices.cities import City
from devices.programmes import BroadcastProgramme
from rules.expressions.scope import ContextCall

__all__ = ["Context", "context_inputs"]


def context_inputs(calls: Iterable[ContextCall]) -> set[str]:
    """The fleet's columns that a frame must have before the calls' columns can be added."""
    inputs = {
        "programme.expects": {"d.area"},
        "calibration.valid": {"d.calibrated_from_ms", "d.calibrated_until_ms"},
    }
    return {column for call in calls for column in inputs.get(call.function, ())}


class Context:
    """Adds the columns that expressions ask for; knows the city's place and time zone, and what is dated.

    Frames need `measured_at`, `d.area` for programmes and the fleet's bounds for calibration.
    """

    def __init__(self, programmes: Iterable[BroadcastProgramme], city: City) -> None:
        self._zone = city.zone
        self._sun = _Sun(city)
        self._expected = _expected(programmes, city.zone)

    def add(self, frame: pl.DataFrame, calls: Iterable[ContextCall]) -> pl.DataFrame:
        """The frame with a column for each call."""
        return frame.with_columns(self._column(frame, call).alias(call.column) for call in calls)

    def _column(self, frame: pl.DataFrame, call: ContextCall) -> pl.Expr:
        if call.function == "sun.is_up":
            return self._sun.is_up(frame, call.offset_ms)
        return self._expected if call.function == "programme.expects" else _CALIBRATED


class _Sun:
    """Sunrise and sunset at the city's centre, a date at a time."""

    def __init__(self, city: City) -> None:
        self._zone = city.zone
        self._observer = Observer(city.latitude, city.longitude)
        self._of = lru_cache(maxsize=1000)(self._compute)

    def is_up(self, frame: pl.DataFrame, offset_ms: int) -> pl.Expr:
        """Whether a moment lies between sunrise + offset and sunset - offset of its local date."""
        days = self._days(frame["measured_at"])
        if len(days) == 1:
            rise, fall = map(pl.lit, self._of(days[0]))
        else:
            local_date = pl.col("measured_at").dt.convert_time_zone(self._zone.key).dt.date()
            rises, falls = zip(*map(self._of, days), strict=True) if days else ((), ())
            rise = local_date.replace_strict(days, rises, return_dtype=pl.Int64)
            fall = local_date.replace_strict(days, falls, return_dtype=pl.Int64)
        return (_moment >= rise + offset_ms) & (_moment < fall - offset_ms)

    def _days(self, moments: pl.Series) -> list[date]:
        """The local dates of some moments; the usual batch has one, which its first and last moments tell."""
        bounds = (moments.min(), moments.max())
        ends = {end.astimezone(self._zone).date() for end in bounds if isinstance(end, datetime)}
        if len(ends) == 1:
            return list(ends)
        return moments.dt.convert_time_zone(self._zone.key).dt.date().unique().to_list()

    def _compute(self, day: date) -> tuple[int, int]:
        """Sunrise and sunset in epoch ms; where there is neither, the whole day or none of it."""
        try:
            up, down = (event(self._observer, day, tzinfo=self._zone) for event in (sunrise, sunset))
        except ValueError:
            noon = datetime.combine(day, time(12), self._zone)
            up = datetime.combine(day, time(), self._zone)
            down = up + timedelta(days=elevation(self._observer, noon) > 0)
        return to_ms(up) or 0, to_ms(down) or 0


def _expected(programmes: Iterable[BroadcastProgramme], zone: ZoneInfo) -> pl.Expr:
    """Whether any programme of the device's area plays; areas that share their hours share one term."""
    areas: dict[tuple[frozenset[int], time, time, date, date | None], list[str]] = defaultdict(list)
    for programme in programmes:
        hours = (
            programme.weekdays, programme.starts, programme.ends, programme.valid_from, programme.valid_to
        )  # fmt: skip
        areas[hours].append(programme.area)
    local = pl.col("measured_at").dt.convert_time_zone(zone.key)
    terms = [
        pl.col("d.area").is_in(of_areas)
        # polars counts Monday as 1, programmes as 0.
        & (local.dt.weekday() - 1).is_in(sorted(weekdays))
        & (local.dt.time() >= starts)
        & (local.dt.time() < ends)
        & (local.dt.date() >= valid_from)
        & (local.dt.date() <= (valid_to or date.max))
        for (weekdays, starts, ends, valid_from, valid_to), of_areas in areas.items()
    ]
    return pl.any_horizontal(terms) if terms else pl.lit(value=False)


_moment = pl.col("measured_at").dt.timestamp("ms")
# A camera without a known calibration is not calibrated: that is no unknown. The end is outside.
_CALIBRATED = (
    (_moment >= pl.col("d.calibrated_from_ms")) & (_moment < pl.col("d.calibrated_until_ms"))
).fill_null(value=False)
