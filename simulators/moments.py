"""From when a fault can be seen: what a lamp's fault waits for, a loudspeaker's, an access point's."""

from simulators.injection import Injection
from simulators.kinds.loudspeaker import MAX_LAG_MS
from simulators.kinds.wifi_ap import is_busy_hour
from simulators.world import World

__all__ = ["next_broadcast", "next_busy_hour", "next_dawn", "next_dimming", "next_dusk", "second_report"]

_MS_PER_MIN = 60_000
_MIN_PER_DAY = 1440


def next_dusk(injection: Injection, world: World) -> int:
    """When lamps are commanded on: now or at the next dusk."""
    return world.lighting.next_lit_ms(injection.from_ms)


def next_dawn(injection: Injection, world: World) -> int:
    """When lamps are commanded off: now or at the next dawn."""
    return world.lighting.next_unlit_ms(injection.from_ms)


def next_dimming(injection: Injection, world: World) -> int:
    """When lamps are meant to burn below full power."""
    return world.lighting.next_level_ms(injection.from_ms, range(1, 100))


def next_broadcast(injection: Injection, world: World) -> int | None:
    """When a programme plays, and even the slowest loudspeaker has begun."""
    return world.broadcasts.next_playing_ms(injection.device.area, injection.from_ms, MAX_LAG_MS)


def next_busy_hour(injection: Injection, world: World) -> int:
    """When public Wi-Fi is busy, to the minute."""
    minutes = range(_MIN_PER_DAY)
    at_ms = injection.from_ms
    return next(
        at_ms + minute * _MS_PER_MIN
        for minute in minutes
        if is_busy_hour(world.local_h(at_ms + minute * _MS_PER_MIN))
    )


def second_report(injection: Injection, world: World) -> int:  # noqa: ARG001 - one signature for all
    """When the device may report for the second time, for what shows in a difference."""
    return injection.from_ms + round(injection.device.interval_s * 1000)
