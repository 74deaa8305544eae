"""A camera whose picture is gone while the device answers."""

from devices.description import Label
from simulators.afflictions import changed, together, turned
from simulators.camera_modes import BLIND
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="camera_stream_down",
    kind="traffic-camera",
    title=Label(vi="Camera mất luồng hình", en="The camera answers and has no picture"),
    effects=together(
        changed(Change(field="stream_up", value=False), Change(field="camera_fps", value=0.0)), turned(BLIND)
    ),
    rules=("camera.stream_down",),
)
