"""Faults that nobody injects because they stand in the registry: they hold for the whole of a run."""

from collections.abc import Iterable, Sequence

from devices.registry import Device, Life
from simulators.calibrations import is_calibrated
from simulators.truth import TruthRecord

__all__ = ["standing_truth"]


def standing_truth(devices: Iterable[Device], from_ms: int, to_ms: int) -> Sequence[TruthRecord]:
    """The cameras whose calibration has run out when a run begins (epoch ms)."""
    return [
        TruthRecord(
            fault="calibration_expired",
            kind=device.kind,
            device=device.id,
            from_ms=from_ms,
            to_ms=to_ms,
            observable_ms=from_ms,
            rules=("camera.calibration_expired",),
            detail=str(device.attributes["calibrated_until"]),
        )
        for device in devices
        if device.life is Life.IN_SERVICE
        and "calibrated_until" in device.attributes
        and not is_calibrated(device, from_ms)
    ]
