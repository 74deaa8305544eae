"""When the loudspeakers of each area play."""

from datetime import date, time

from devices.cities import City
from devices.programmes import BroadcastProgramme

__all__ = ["broadcast_programmes"]

# The usual practice of commune and ward stations: an early and a late session every day, chosen by the
# commune itself (Circular 39/2020/TT-BTTTT leaves the hours of routine messages to it).
_SESSIONS = (
    ("sang", "Bản tin sáng", time(5, 0), time(5, 45)),
    ("chieu", "Bản tin chiều", time(17, 0), time(17, 45)),
)
_EVERY_DAY = frozenset(range(7))


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
