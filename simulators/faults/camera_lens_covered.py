"""A bag over the lens, or paint on it."""

from devices.description import Label
from simulators.afflictions import changed, symptoms, together, turned
from simulators.camera_modes import BLIND
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="camera_lens_covered",
    kind="traffic-camera",
    title=Label(vi="Ống kính camera bị che", en="The picture is dark at any hour and nobody passes"),
    effects=together(changed(Change(field="luminance_pct", value=2, spread=1)), turned(BLIND)),
    rules=("camera.lens_covered",),
    also=symptoms("camera.no_passages"),
)
