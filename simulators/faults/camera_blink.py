"""One reading without a stream, as cameras give when they change from day to night."""

from devices.description import Label
from simulators.afflictions import briefly, changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="camera_blink",
    kind="traffic-camera",
    title=Label(vi="Một mẫu mất hình rồi có lại", en="A single reading says that the stream is down"),
    effects=briefly(changed(Change(field="stream_up", value=False), Change(field="camera_fps", value=0.0))),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
)
