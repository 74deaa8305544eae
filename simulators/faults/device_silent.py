"""An access point from which nothing arrives any more."""

from collections.abc import Iterable, Sequence

from devices.registry import Device
from simulators.effects import SILENT, Effect
from simulators.injection import FaultType, Injection


def _effects(injection: Injection, devices: Sequence[Device]) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    return [injection.effect(SILENT)]


FAULT = FaultType(id="device_silent", kind="wifi-ap", effects=_effects)
