"""Low sun or headlights: the picture is far brighter for a while."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="camera_glare",
    kind="traffic-camera",
    title=Label(vi="Camera bị chói nắng", en="The picture is bright, as with a low sun"),
    effects=changed(Change(field="luminance_pct", value=88, spread=6)),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
    lasts=("10m", "40m"),
)
