"""An access point from which nothing arrives any more."""

from collections.abc import Iterable

from devices.description import Label
from simulators.effects import SILENT, Effect
from simulators.injection import FaultType, Injection
from simulators.world import World


def _effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    return [injection.effect(SILENT)]


FAULT = FaultType(
    id="device_silent",
    kind="wifi-ap",
    title=Label(vi="Điểm Wi-Fi mất tín hiệu", en="Nothing arrives from the access point"),
    effects=_effects,
    rules=("any.silent",),
)
