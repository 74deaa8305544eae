"""What faults do, in the few forms that most of them share; made once and used by many fault types."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from devices.registry import Device
from simulators.changes import CHANGED, Change
from simulators.effects import CLOCK, SILENT, Effect
from simulators.injection import Injection, Symptoms
from simulators.lamp_modes import DARK
from simulators.world import World

__all__ = [
    "briefly",
    "changed",
    "dependants",
    "dependants_silent",
    "has_several_dependants",
    "symptoms",
    "together",
    "turned",
    "unfed",
    "wrong_clock",
]

_SEVERAL = 3
Afflicts = Callable[[Injection, World], Iterable[Effect]]


def changed(*changes: Change) -> Afflicts:
    """Fields of the device's readings are altered."""
    return turned(CHANGED, value=changes)


def turned(knob: str, *, value: Any = None, detail: str = "") -> Afflicts:
    """One knob of the device is turned."""

    def effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
        yield injection.effect(knob, value=value, detail=detail)

    return effects


def together(*afflictions: Afflicts) -> Afflicts:
    """Several at once; the first one's first effect is the device's own."""

    def effects(injection: Injection, world: World) -> Iterable[Effect]:
        for affliction in afflictions:
            yield from affliction(injection, world)

    return effects


def dependants(knob: str, *, value: Any = None) -> Afflicts:
    """A knob of everything that the device powers directly is turned."""

    def effects(injection: Injection, world: World) -> Iterable[Effect]:
        for device in world.kin.powered(injection.device.id):
            yield injection.effect(knob, device=device, value=value)

    return effects


def dependants_silent(injection: Injection, world: World) -> Iterable[Effect]:
    """Everything that speaks and hangs on the device falls silent; lamps among it are dark."""
    return unfed(injection, world.kin.below(injection.device.id))


def unfed(injection: Injection, devices: Sequence[Device]) -> Iterable[Effect]:
    """Devices without supply or connection: silent, and dark where they are lamps."""
    for device in devices:
        yield injection.effect(SILENT, device=device)
        if device.kind == "streetlight":
            yield injection.effect(DARK, device=device)


def briefly(affliction: Afflicts, *, reports: int = 1, at_most_ms: int | None = None) -> Afflicts:
    """The same from the beginning on for no more than so many reports, however long the injection lasts.

    `at_most_ms` is the longest that it takes, however seldom the device reports.
    """

    def effects(injection: Injection, world: World) -> Iterable[Effect]:
        span_ms = reports * round(injection.device.interval_s * 1000)
        if at_most_ms is not None:
            span_ms = min(span_ms, at_most_ms)
        for effect in affliction(injection, world):
            yield replace(effect, to_ms=min(injection.to_ms, injection.from_ms + span_ms))

    return effects


def wrong_clock(*errors: str) -> Afflicts:
    """The device's clock is wrong by one of these, such as `+7h`."""

    def effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
        yield injection.effect(CLOCK, detail=injection.one_of(errors))

    return effects


def has_several_dependants(injection: Injection, world: World) -> bool:
    """Whether enough hangs on a passive asset to tell its failure from that of a single device."""
    return len(world.kin.below(injection.device.id)) >= _SEVERAL


def symptoms(*rules: str, of_dependants: bool = False) -> Callable[[Injection, World], Symptoms]:
    """Rules that may be raised besides, on the device or on everything that hangs on it too."""

    def also(injection: Injection, world: World) -> Symptoms:
        below = world.kin.below(injection.device.id) if of_dependants else ()
        return Symptoms(rules=rules, devices=tuple(device.id for device in below))

    return also
