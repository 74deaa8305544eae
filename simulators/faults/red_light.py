"""Vehicles that pass at red."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.camera_modes import RED_RUNNING
from simulators.injection import FaultType, Injection
from simulators.rush_hours import next_traffic
from simulators.world import World


def _has_signal(injection: Injection, world: World) -> bool:  # noqa: ARG001 - the camera alone decides
    return bool(injection.device.attributes.get("has_signal"))


FAULT = FaultType(
    id="red_light",
    kind="traffic-camera",
    title=Label(vi="Nhiều xe vượt đèn đỏ", en="Vehicles pass one second or more after the light turned red"),
    effects=turned(RED_RUNNING),
    rules=("camera.red_light",),
    fits=_has_signal,
    observable=next_traffic,
    shows="as soon as there is traffic",
)
