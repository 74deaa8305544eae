"""A loudspeaker that somebody opened."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="casing_open",
    kind="loudspeaker",
    title=Label(vi="Vỏ loa bị mở", en="The casing is open"),
    effects=changed(Change(field="casing_open", value=True)),
    rules=("speaker.casing_open",),
)
