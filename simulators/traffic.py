"""How much traffic passes a camera: curves of the day and the week, and chance."""

import math
from random import Random

from simulators.layout.site import SCHOOL_GATE
from simulators.world import Profile

__all__ = ["passages_per_min", "poisson"]

# Passages a minute by hour, with the rush hours of schools and offices. A real junction has ten times as
# many; this keeps a demo's stream mostly telemetry.
_WORKDAY = Profile(
    [
        0.08, 0.05, 0.05, 0.06, 0.15, 0.5, 1.4, 1.8, 1.0, 0.8, 0.9, 1.3,
        1.0, 0.9, 0.8, 0.9, 1.4, 2.0, 1.3, 0.9, 0.7, 0.5, 0.3, 0.15,
    ]
)  # fmt: skip
_SUNDAY = Profile(
    [
        0.10, 0.06, 0.05, 0.05, 0.10, 0.3, 0.6, 0.9, 1.1, 1.1, 1.0, 1.0,
        0.8, 0.7, 0.7, 0.8, 1.0, 1.3, 1.3, 1.2, 1.0, 0.7, 0.4, 0.20,
    ]
)  # fmt: skip
# Lessons begin at seven and at one, and end at eleven and at five.
_SCHOOL_DAY = Profile(
    [
        0.02, 0.01, 0.01, 0.02, 0.05, 0.3, 1.9, 2.2, 0.3, 0.2, 0.5, 2.0,
        0.6, 1.6, 0.4, 0.3, 1.1, 2.3, 0.7, 0.3, 0.2, 0.1, 0.05, 0.03,
    ]
)  # fmt: skip
_NO_SCHOOL_SHARE = 0.25
_HOURS = 24
_WEEK = 7
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday, counting Monday as 0
_SATURDAY, _SUNDAY_NUMBER = 5, 6
_CHUNK = 30.0  # of a mean: beyond some hundreds exp(-mean) is 0


def passages_per_min(site: str, local_h: float) -> float:
    """Passages a minute at hours since the local midnight of 1 January 1970."""
    weekday = (int(local_h // _HOURS) + _EPOCH_WEEKDAY) % _WEEK
    if site == SCHOOL_GATE:
        return _SCHOOL_DAY.at(local_h) if weekday < _SATURDAY else _NO_SCHOOL_SHARE * _SUNDAY.at(local_h)
    return _SUNDAY.at(local_h) if weekday == _SUNDAY_NUMBER else _WORKDAY.at(local_h)


def poisson(random: Random, mean: float) -> int:
    """A Poisson number by Knuth's method, in pieces of the mean that it is good for."""
    count = 0
    while mean > 0:
        floor = math.exp(-min(mean, _CHUNK))
        product = random.random()
        while product > floor:
            count += 1
            product *= random.random()
        mean -= _CHUNK
    return count
