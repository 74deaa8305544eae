"""Vehicles that pass at red."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.calibrations import stays_calibrated
from simulators.camera_modes import RED_RUNNING
from simulators.injection import FaultType, Injection
from simulators.rush_hours import next_traffic
from simulators.world import World


def _fits(injection: Injection, world: World) -> bool:
    return bool(injection.device.attributes.get("has_signal")) and stays_calibrated(injection, world)


FAULT = FaultType(
    id="red_light",
    kind="traffic-camera",
    title=Label(vi="Nhiều xe vượt đèn đỏ", en="Vehicles pass one second or more after the light turned red"),
    effects=turned(RED_RUNNING),
    rules=("camera.red_light",),
    fits=_fits,
    observable=next_traffic,
    shows="as soon as there is traffic",
)
