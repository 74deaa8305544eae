"""From when a fault can be seen: what a lamp's fault waits for, a loudspeaker's, an access point's."""

from collections.abc import Callable

from devices.catalogue import kinds
from devices.device import Device
from simulators.injection import Injection
from simulators.kinds.loudspeaker import MAX_LAG_MS
from simulators.kinds.wifi_ap import is_busy_hour, usual_clients
from simulators.world import World

__all__ = [
    "A_WHILE_MS",
    "constantly_wrong",
    "missed_twice",
    "next_broadcast",
    "next_busy_hour",
    "next_dawn",
    "next_dimming",
    "next_dusk",
    "next_used_hour",
    "second_report",
]

A_WHILE_MS = 600_000
"""What lasts shorter is over before several reports show it, as where a lamp breaks just before dawn."""

_MS_PER_MIN = 60_000
_MIN_PER_DAY = 1440
_SEVERAL_CLIENTS = 3
_WATCHED_MS = 4 * 86_400_000
_Turn = Callable[[int], int]


def next_dusk(injection: Injection, world: World) -> int:
    """When lamps are commanded on for a while: now or at the next dusk."""
    lighting = world.lighting
    return _for_a_while(injection.from_ms, lighting.next_lit_ms, lighting.next_unlit_ms)


def next_dawn(injection: Injection, world: World) -> int:
    """When lamps are commanded off for a while: now or at the next dawn."""
    lighting = world.lighting
    return _for_a_while(injection.from_ms, lighting.next_unlit_ms, lighting.next_lit_ms)


def next_dimming(injection: Injection, world: World) -> int:
    """When lamps are meant to burn below full power for a while."""
    level = world.lighting.next_level_ms
    return _for_a_while(
        injection.from_ms,
        lambda at_ms: level(at_ms, range(1, 100)),
        lambda at_ms: level(at_ms, (0, 100)),
    )


def _for_a_while(from_ms: int, begins_ms: _Turn, ends_ms: _Turn) -> int:
    """When something begins, now or later, that does not end again at once."""
    at_ms = begins_ms(from_ms)
    end_ms = ends_ms(at_ms)
    return at_ms if end_ms - at_ms >= A_WHILE_MS else begins_ms(end_ms)


def next_broadcast(injection: Injection, world: World) -> int | None:
    """When a programme plays for two reports yet, and even the slowest loudspeaker has begun."""
    least_ms = 2 * round(injection.device.interval_s * 1000)
    return world.broadcasts.next_playing_ms(injection.device.area, injection.from_ms, MAX_LAG_MS, least_ms)


def next_busy_hour(injection: Injection, world: World) -> int:
    """When public Wi-Fi is busy for a while, to the minute."""
    minutes = range(_MIN_PER_DAY)
    at_ms = injection.from_ms
    return next(
        at_ms + minute * _MS_PER_MIN
        for minute in minutes
        if is_busy_hour(world.local_h(at_ms + minute * _MS_PER_MIN))
        and is_busy_hour(world.local_h(at_ms + minute * _MS_PER_MIN + A_WHILE_MS))
    )


def next_used_hour(injection: Injection, world: World) -> int:
    """When several people would use an access point for as long as it takes to be sure; to the minute.

    Nobody knows what is usual by night until the city has been watched for some days.
    """
    minutes = (injection.from_ms + minute * _MS_PER_MIN for minute in range(_MIN_PER_DAY))
    return next(
        at_ms
        for at_ms in minutes
        if all(_is_used(injection.device, world, at_ms + later_ms) for later_ms in (0, 2 * A_WHILE_MS))
    )


def _is_used(device: Device, world: World, at_ms: int) -> bool:
    local_h = world.local_h(at_ms)
    is_known = at_ms - world.origin_ms > _WATCHED_MS or is_busy_hour(local_h)
    return is_known and usual_clients(device, world, local_h) >= _SEVERAL_CLIENTS


def second_report(injection: Injection, world: World) -> int:  # noqa: ARG001 - one signature for all
    """When the device may report for the second time, for what shows in a difference."""
    return injection.from_ms + round(injection.device.interval_s * 1000)


def missed_twice(injection: Injection, world: World) -> int:
    """When what hangs on the device has missed two reports, which before may be late or a hitch."""
    below = world.kin.below(injection.device.id)
    missed_s = max(2 * one.interval_s + kinds()[one.kind].lateness_s for one in below)
    return injection.from_ms + round(missed_s * 1000)


def constantly_wrong(*errors: str) -> Callable[[Injection, World], int]:
    """When a clock that is wrong by one of these gives itself away: at once if ahead, else the third time.

    Once or twice behind the present is also data that is late.
    """

    def moment(injection: Injection, world: World) -> int:  # noqa: ARG001 - one signature for all
        reports = 0 if injection.one_of(errors).startswith("+") else 2
        return injection.from_ms + reports * round(injection.device.interval_s * 1000)

    return moment
