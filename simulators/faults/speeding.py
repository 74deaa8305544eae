"""A camera past which much of the traffic goes far too fast."""

from collections.abc import Iterable

from devices.description import Label
from simulators.calibrations import is_calibrated
from simulators.camera_modes import SPEEDING
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.world import World


def _effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    return [injection.effect(SPEEDING)]


def _fits(injection: Injection, world: World) -> bool:  # noqa: ARG001 - the camera alone decides
    """Only a limit and a calibration valid to the end make speed a suspected violation."""
    camera = injection.device
    return (
        "limit_kmh" in camera.attributes
        and is_calibrated(camera, injection.from_ms)
        and is_calibrated(camera, injection.to_ms)
    )


FAULT = FaultType(
    id="speeding",
    kind="traffic-camera",
    title=Label(
        vi="Nhiều xe chạy quá tốc độ rõ rệt", en="Much of the traffic goes far faster than the limit"
    ),
    effects=_effects,
    rules=("camera.speeding",),
    fits=_fits,
    shows="with the next vehicles",
)
