"""Speeding past a camera whose calibration has run out: nobody may be suspected."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.calibrations import is_calibrated
from simulators.camera_modes import SPEEDING
from simulators.injection import FaultType, Injection
from simulators.world import World


def _is_out_of_calibration(injection: Injection, world: World) -> bool:  # noqa: ARG001 - the camera alone decides
    return not is_calibrated(injection.device, injection.from_ms)


FAULT = FaultType(
    id="camera_uncalibrated_speeding",
    kind="traffic-camera",
    title=Label(
        vi="Xe chạy nhanh qua camera hết hạn kiểm định", en="Fast traffic past a camera out of calibration"
    ),
    effects=turned(SPEEDING),
    rules=(),
    real=False,
    fits=_is_out_of_calibration,
    shows="never: no suspicion without calibration",
)
