"""A loudspeaker from which nothing arrives any more."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.effects import SILENT
from simulators.injection import FaultType

FAULT = FaultType(
    id="speaker_silent",
    kind="loudspeaker",
    title=Label(vi="Cụm loa mất tín hiệu", en="Nothing arrives from the loudspeaker"),
    effects=turned(SILENT),
    rules=("any.silent",),
)
