"""A loudspeaker that does not play what is on the programme."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.injection import FaultType
from simulators.kinds.loudspeaker import MUTE
from simulators.moments import next_broadcast

FAULT = FaultType(
    id="silent_on_programme",
    kind="loudspeaker",
    title=Label(
        vi="Loa không phát khi đến giờ chương trình",
        en="The loudspeaker does not play while a programme is on",
    ),
    effects=turned(MUTE),
    rules=("speaker.silent_on_programme",),
    observable=next_broadcast,
    shows="the next broadcast",
    lasts=("4h", "16h"),
)
