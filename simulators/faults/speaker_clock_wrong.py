"""A loudspeaker whose clock is wrong."""

from devices.description import Label
from simulators.afflictions import wrong_clock
from simulators.injection import FaultType

FAULT = FaultType(
    id="speaker_clock_wrong",
    kind="loudspeaker",
    title=Label(
        vi="Đồng hồ của cụm loa sai", en="The times that the loudspeaker writes are wrong by +20m or -3h"
    ),
    effects=wrong_clock("+20m", "-3h"),
    rules=("any.clock_bad",),
)
