"""A controller that gets far too hot."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="lamp_overheating",
    kind="streetlight",
    title=Label(vi="Bộ điều khiển đèn quá nóng", en="The controller is 48 °C hotter than it should be"),
    effects=changed(Change(field="temp_c", plus=48.0, spread=2.0)),
    rules=("lamp.high_temperature",),
)
