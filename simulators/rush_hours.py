"""From when a camera's fault can be seen: once enough vehicles pass."""

from simulators.injection import Injection
from simulators.layout.site import JUNCTION
from simulators.traffic import passages_per_min
from simulators.world import World

__all__ = ["emptied", "next_traffic", "outweighed", "sees_many"]

_MS_PER_MIN = 60_000
_MIN_PER_WEEK = 10_080
_EVERY_MIN = 5
_SOME_PER_MIN = 0.3
_FEW_PER_MIN = 10 / 30  # with luck fifteen pass within half an hour, of which a camera's rule may judge
_MANY_PER_MIN = 0.8
_HALF_AN_HOUR = 30
_MOST_OF_IT = 22
_H_PER_DAY = 24
_RUSH_HOURS = ((6.25, 8.25), (11.0, 12.0), (16.0, 19.0))
_ENOUGH_H = 0.35  # several reports


def emptied(injection: Injection, world: World) -> int | None:
    """When nobody has passed for half an hour, at rush hour; None if that is more than a week away."""
    site = str(injection.device.attributes.get("site", JUNCTION))
    for minute in range(_HALF_AN_HOUR, _MIN_PER_WEEK):
        at_ms = injection.from_ms + minute * _MS_PER_MIN
        local_h = world.local_h(at_ms)
        is_rush = any(from_h < local_h % _H_PER_DAY < to_h - _ENOUGH_H for from_h, to_h in _RUSH_HOURS)
        if is_rush and passages_per_min(site, local_h) >= _SOME_PER_MIN:
            return at_ms
    return None


def outweighed(injection: Injection, world: World) -> int | None:
    """When what passed since the beginning is most of half an hour's vehicles, and enough may have passed."""
    return _next(injection, world, _FEW_PER_MIN, after_min=_MOST_OF_IT)


def sees_many(injection: Injection, world: World) -> bool:
    """Whether the camera sees many vehicles for an hour of an injection, once it has gone on for a while."""
    found_ms = _next(injection, world, _MANY_PER_MIN, after_min=_MOST_OF_IT, for_min=2 * _HALF_AN_HOUR)
    return found_ms is not None and found_ms + 2 * _HALF_AN_HOUR * _MS_PER_MIN <= injection.to_ms


def next_traffic(injection: Injection, world: World) -> int | None:
    """When the camera should see some, to five minutes; None if that is more than a week away."""
    return _next(injection, world, _SOME_PER_MIN)


def _next(
    injection: Injection, world: World, per_min: float, *, after_min: int = 0, for_min: int = 0
) -> int | None:
    """The first moment, some minutes on, from which for some minutes so many pass; to five minutes."""
    site = str(injection.device.attributes.get("site", JUNCTION))
    busy_min = 0
    for minute in range(after_min, _MIN_PER_WEEK, _EVERY_MIN):
        at_ms = injection.from_ms + minute * _MS_PER_MIN
        if passages_per_min(site, world.local_h(at_ms)) < per_min:
            busy_min = 0
        elif busy_min >= for_min:
            return at_ms - for_min * _MS_PER_MIN
        else:
            busy_min += _EVERY_MIN
    return None
