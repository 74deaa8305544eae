"""A camera that has lost its time server: its clock runs away, slowly."""

from devices.description import Label
from simulators.afflictions import symptoms, wrong_clock
from simulators.injection import FaultType, Injection
from simulators.world import World

_SHOWS_AFTER_MS = 240_000


def _beyond_a_second(injection: Injection, world: World) -> int:  # noqa: ARG001 - one signature for all
    return injection.from_ms + _SHOWS_AFTER_MS


FAULT = FaultType(
    id="camera_clock_drift",
    kind="traffic-camera",
    title=Label(vi="Đồng hồ camera trôi dần", en="The clock runs away by about twenty seconds an hour"),
    effects=wrong_clock("+24s/h", "-18s/h"),
    rules=("camera.clock_drift",),
    also=symptoms("any.clock_bad"),
    observable=_beyond_a_second,
    shows="four minutes on, when it is off by more than a second",
    lasts=("40m", "2h"),
)
