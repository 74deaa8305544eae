"""A camera that shows one picture for ever."""

from devices.description import Label
from simulators.afflictions import symptoms, together, turned
from simulators.camera_modes import BLIND
from simulators.changes import STUCK
from simulators.injection import FaultType
from simulators.moments import second_report

FAULT = FaultType(
    id="camera_frozen",
    kind="traffic-camera",
    title=Label(vi="Hình của camera bị treo", en="The hash of the picture never changes and nobody passes"),
    effects=together(turned(STUCK, value=("frame_hash",)), turned(BLIND)),
    rules=("camera.frozen",),
    also=symptoms("camera.no_passages"),
    observable=second_report,
    shows="the second report",
)
