"""A camera past which much of the traffic goes far too fast."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from devices.registry import Device
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.kinds.traffic_camera import SPEEDING


def _effects(injection: Injection, devices: Sequence[Device]) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    return [injection.effect(SPEEDING)]


def _fits(device: Device, at_ms: int) -> bool:
    """Only a limit and a valid calibration make speed a suspected violation."""
    until = device.attributes.get("calibrated_until")
    if until is None or "limit_kmh" not in device.attributes:
        return False
    return at_ms / 1000 < datetime.fromisoformat(str(until)).timestamp()


FAULT = FaultType(id="speeding", kind="traffic-camera", effects=_effects, fits=_fits)
