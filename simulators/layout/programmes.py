"""When the loudspeakers of each area play, and how bright its lamps are meant to be."""

from datetime import date, time

from devices.cities import City
from devices.dim_curve import read_curve
from devices.entities.lighting_programmes import LightingProgramme
from devices.programmes import BroadcastProgramme

__all__ = ["broadcast_programmes", "lighting_programmes"]

# The usual practice of commune and ward stations: an early and a late session every day, chosen by the
# commune itself (Circular 39/2020/TT-BTTTT leaves the hours of routine messages to it).
_SESSIONS = (
    ("sang", "Bản tin sáng", time(5, 0), time(5, 45)),
    ("chieu", "Bản tin chiều", time(17, 0), time(17, 45)),
)
_EVERY_DAY = frozenset(range(7))
_DIM_CURVE = read_curve("00:00=50 05:00=100 sunrise=0 sunset=100 22:00=70")  # what `LightingClock` plays


def broadcast_programmes(city: City, on: date) -> tuple[BroadcastProgramme, ...]:
    """The daily sessions of every area, in force from the beginning of that day's year."""
    return tuple(
        BroadcastProgramme(
            id=f"{area.slug}-{session}",
            area=area.slug,
            title=f"{title} {area.label.vi}",
            weekdays=_EVERY_DAY,
            starts=starts,
            ends=ends,
            valid_from=date(on.year, 1, 1),
        )
        for area in city.areas
        for session, title, starts, ends in _SESSIONS
    )


def lighting_programmes(city: City, on: date) -> tuple[LightingProgramme, ...]:
    """One programme for all lamps of each area, in force from the beginning of that day's year."""
    return tuple(
        LightingProgramme(
            id=f"{area.slug}-chieu-sang",
            area=area.slug,
            group="",
            curve=_DIM_CURVE,
            valid_from=date(on.year, 1, 1),
        )
        for area in city.areas
    )
