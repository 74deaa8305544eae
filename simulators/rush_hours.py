"""From when a camera's fault can be seen: once enough vehicles pass."""

from simulators.injection import Injection
from simulators.layout.site import JUNCTION
from simulators.traffic import RUSH_PER_MIN, passages_per_min
from simulators.world import World

__all__ = ["next_rush_hour", "next_traffic"]

_MS_PER_MIN = 60_000
_MIN_PER_WEEK = 10_080
_SOME_PER_MIN = 0.3


def next_rush_hour(injection: Injection, world: World) -> int | None:
    """When the camera should see many, to five minutes; None if that is more than a week away."""
    return _next(injection, world, RUSH_PER_MIN)


def next_traffic(injection: Injection, world: World) -> int | None:
    """When the camera should see some, to five minutes; None if that is more than a week away."""
    return _next(injection, world, _SOME_PER_MIN)


def _next(injection: Injection, world: World, per_min: float) -> int | None:
    site = str(injection.device.attributes.get("site", JUNCTION))
    for minute in range(0, _MIN_PER_WEEK, 5):
        at_ms = injection.from_ms + minute * _MS_PER_MIN
        if passages_per_min(site, world.local_h(at_ms)) >= per_min:
            return at_ms
    return None
