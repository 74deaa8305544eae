"""A camera that writes local time into a field that is meant to be UTC."""

from devices.description import Label
from simulators.afflictions import symptoms, wrong_clock
from simulators.injection import FaultType

FAULT = FaultType(
    id="camera_clock_local",
    kind="traffic-camera",
    title=Label(
        vi="Camera ghi giờ địa phương thay cho UTC",
        en="The times that the camera writes are seven hours ahead",
    ),
    effects=wrong_clock("+7h"),
    rules=("any.clock_bad",),
    also=symptoms("camera.clock_drift"),
)
