"""An amplifier that gets far too hot."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="amp_overheating",
    kind="loudspeaker",
    title=Label(vi="Ampli quá nóng", en="The amplifier is 62 °C hotter than it should be"),
    effects=changed(Change(field="amp_temp_c", plus=62.0, spread=3.0)),
    rules=("speaker.amp_overheating",),
)
