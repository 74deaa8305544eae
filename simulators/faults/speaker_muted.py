"""A loudspeaker that somebody muted: it plays and nobody hears it."""

from devices.description import Label
from simulators.afflictions import changed, symptoms
from simulators.changes import Change
from simulators.injection import FaultType
from simulators.moments import next_broadcast

FAULT = FaultType(
    id="speaker_muted",
    kind="loudspeaker",
    title=Label(vi="Loa bị tắt tiếng trong giờ chương trình", en="The loudspeaker plays the programme muted"),
    effects=changed(
        Change(field="muted", value=True),
        Change(field="amp_current_a", value=0.08, spread=0.02, when="playing"),
    ),
    rules=("speaker.muted",),
    observable=next_broadcast,
    shows="the next broadcast",
    also=symptoms("speaker.amp_fault"),
    lasts=("4h", "16h"),
)
