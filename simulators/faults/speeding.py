"""A camera past which much of the traffic goes far too fast."""

from collections.abc import Iterable

from devices.description import Label
from simulators.calibrations import stays_calibrated
from simulators.camera_modes import SPEEDING
from simulators.effects import Effect
from simulators.injection import FaultType, Injection
from simulators.world import World


def _effects(injection: Injection, world: World) -> Iterable[Effect]:  # noqa: ARG001 - nobody else suffers
    return [injection.effect(SPEEDING)]


def _fits(injection: Injection, world: World) -> bool:
    """Only a limit and a calibration valid to the end make speed a suspected violation."""
    return "limit_kmh" in injection.device.attributes and stays_calibrated(injection, world)


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
