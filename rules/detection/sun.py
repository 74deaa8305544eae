"""Where the sun stands over a city, for a whole batch at once."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
import polars as pl
from astral import Observer
from astral.sun import elevation, sunrise, sunset

from devices.batch import to_ms
from devices.cities import City
from devices.dim_curve import SunTimes

__all__ = ["Sun", "local_days"]

_EPOCH_MS = 946_728_000_000  # 2000-01-01T12:00Z, from which astronomers count days
_MS_PER_DAY = 86_400_000
_HOUR_DEG = 15.0

_moment = pl.col("measured_at").dt.timestamp("ms")


def local_days(moments: pl.Series, city: City) -> list[date]:
    """The local dates of some moments; the usual batch has one, which its first and last moments tell."""
    bounds = (moments.min(), moments.max())
    ends = {end.astimezone(city.zone).date() for end in bounds if isinstance(end, datetime)}
    if len(ends) == 1:
        return list(ends)
    return moments.dt.convert_time_zone(city.zone.key).dt.date().unique().sort().to_list()


class Sun:
    """Sunrise, sunset and elevation at a city's centre. Frames need `measured_at`."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._observer = Observer(city.latitude, city.longitude)
        self._of = lru_cache(maxsize=1000)(self._compute)

    def is_up(self, frame: pl.DataFrame, offset_ms: int) -> pl.Expr:
        """Whether a moment lies between sunrise + offset and sunset - offset of its local date."""
        days = local_days(frame["measured_at"], self._city)
        if len(days) == 1:
            rise, fall = map(pl.lit, self._of(days[0]))
        else:
            local_date = pl.col("measured_at").dt.convert_time_zone(self._city.zone.key).dt.date()
            rises, falls = zip(*map(self._of, days), strict=True) if days else ((), ())
            rise = local_date.replace_strict(days, rises, return_dtype=pl.Int64)
            fall = local_date.replace_strict(days, falls, return_dtype=pl.Int64)
        return (_moment >= rise + offset_ms) & (_moment < fall - offset_ms)

    def times(self, day: date) -> SunTimes:
        """Sunrise and sunset of a local day."""
        rise, fall = (datetime.fromtimestamp(at_ms / 1000, self._city.zone) for at_ms in self._of(day))
        return SunTimes(rise, fall)

    def elevation_deg(self, frame: pl.DataFrame) -> pl.Series:
        """Degrees above the horizon at each moment, without the air's refraction; good to a tenth.

        The low-precision formulae of the Astronomical Almanac.
        """
        days = (frame["measured_at"].dt.timestamp("ms").to_numpy() - _EPOCH_MS) / _MS_PER_DAY
        anomaly = np.radians(357.528 + 0.9856003 * days)
        longitude = np.radians(
            280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly)
        )
        tilt = np.radians(23.439 - 0.0000004 * days)
        ascension = np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude))
        declination = np.arcsin(np.sin(tilt) * np.sin(longitude))
        sidereal_deg = _HOUR_DEG * (18.697374558 + 24.06570982441908 * days) + self._city.longitude
        angle = np.radians(sidereal_deg) - ascension
        latitude = np.radians(self._city.latitude)
        height = np.sin(latitude) * np.sin(declination)
        height += np.cos(latitude) * np.cos(declination) * np.cos(angle)
        return pl.Series("elevation", np.degrees(np.arcsin(height)))

    def _compute(self, day: date) -> tuple[int, int]:
        """Sunrise and sunset in epoch ms; where there is neither, the whole day or none of it."""
        zone = self._city.zone
        try:
            up, down = (event(self._observer, day, tzinfo=zone) for event in (sunrise, sunset))
        except ValueError:
            noon = datetime.combine(day, time(12), zone)
            up = datetime.combine(day, time(), zone)
            down = up + timedelta(days=elevation(self._observer, noon) > 0)
        return to_ms(up) or 0, to_ms(down) or 0
