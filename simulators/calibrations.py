"""Calibrations of cameras, as the registry's attributes say them."""

from datetime import datetime

from devices.registry import Device
from simulators.injection import Injection
from simulators.world import World

__all__ = ["is_calibrated", "stays_calibrated"]


def is_calibrated(camera: Device, at_ms: int) -> bool:
    """Whether a camera's calibration is valid at a moment (epoch ms); one that is not named is not."""
    limits = [camera.attributes.get(name) for name in ("calibrated_from", "calibrated_until")]
    if None in limits:
        return False
    from_s, to_s = (datetime.fromisoformat(str(limit)).timestamp() for limit in limits)
    return from_s <= at_ms / 1000 < to_s


def stays_calibrated(injection: Injection, world: World) -> bool:  # noqa: ARG001 - the camera alone decides
    """Whether the camera may judge drivers all the while: nobody is suspected by one out of calibration."""
    return is_calibrated(injection.device, injection.from_ms) and is_calibrated(
        injection.device, injection.to_ms
    )
