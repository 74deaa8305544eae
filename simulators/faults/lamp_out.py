"""A lamp that is commanded on and stays dark."""

from collections.abc import Iterable, Sequence

from devices.registry import Device
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.lamps import DARK


def _effects(injection: Injection, devices: Sequence[Device]) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    return [injection.effect(DARK)]


FAULT = FaultType(id="lamp_out", kind="streetlight", effects=_effects)
