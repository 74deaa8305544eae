"""An amplifier that gives nothing: playing, no current."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType
from simulators.moments import next_broadcast

FAULT = FaultType(
    id="amp_fault",
    kind="loudspeaker",
    title=Label(
        vi="Ampli hỏng: đang phát nhưng không có dòng",
        en="The loudspeaker plays and its amplifier draws no current",
    ),
    effects=changed(Change(field="amp_current_a", value=0.04, spread=0.02, when="playing")),
    rules=("speaker.amp_fault",),
    observable=next_broadcast,
    shows="the next broadcast",
    lasts=("4h", "16h"),
)
