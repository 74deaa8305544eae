"""A lamp that is commanded on and stays dark."""

from collections.abc import Iterable

from devices.description import Label
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.lamp_modes import DARK
from simulators.world import World


def _effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    return [injection.effect(DARK)]


def _observable(injection: Injection, world: World) -> int | None:
    return world.lighting.next_lit_ms(injection.from_ms)


FAULT = FaultType(
    id="lamp_out",
    kind="streetlight",
    title=Label(vi="Đèn không sáng khi đã bật", en="The lamp stays dark while commanded on"),
    effects=_effects,
    rules=("lamp.out",),
    observable=_observable,
    shows="dusk",
    lasts=("6h", "20h"),
)
