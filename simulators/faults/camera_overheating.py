"""A camera in a box that gets too hot."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="camera_overheating",
    kind="traffic-camera",
    title=Label(vi="Camera quá nhiệt", en="The camera is 40 degrees warmer than usual"),
    effects=changed(Change(field="temp_c", plus=40.0, spread=2.0)),
    rules=("camera.overheating",),
)
