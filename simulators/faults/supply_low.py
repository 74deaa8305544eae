"""A loudspeaker that runs on a nearly empty battery."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="supply_low",
    kind="loudspeaker",
    title=Label(vi="Nguồn của loa thấp", en="The supply is at 19 V in place of 24 V"),
    effects=changed(Change(field="supply_v", value=19.0, spread=0.5)),
    rules=("speaker.supply_low",),
)
