"""A camera from which nothing arrives any more."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.effects import SILENT
from simulators.injection import FaultType

FAULT = FaultType(
    id="camera_silent",
    kind="traffic-camera",
    title=Label(vi="Camera mất tín hiệu", en="Nothing arrives from the camera"),
    effects=turned(SILENT),
    rules=("any.silent",),
)
