"""A loudspeaker that plays a stranger in place of the programme."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.injection import FaultType
from simulators.kinds.loudspeaker import HIJACKED
from simulators.moments import next_broadcast

FAULT = FaultType(
    id="speaker_hijacked",
    kind="loudspeaker",
    title=Label(
        vi="Loa bị chiếm, phát nguồn lạ thay cho chương trình",
        en="An unknown source plays in place of the programme",
    ),
    effects=turned(HIJACKED),
    rules=(
        "speaker.hijacked",
        "speaker.stream_mismatch",
    ),
    observable=next_broadcast,
    shows="the next broadcast",
    lasts=("4h", "16h"),
)
