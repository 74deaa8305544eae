"""A loudspeaker whose clock is wrong."""

from devices.description import Label
from simulators.afflictions import wrong_clock
from simulators.injection import FaultType
from simulators.moments import constantly_wrong

_ERRORS = ("+20m", "-3h")

FAULT = FaultType(
    id="speaker_clock_wrong",
    kind="loudspeaker",
    title=Label(
        vi="Đồng hồ của cụm loa sai", en="The times that the loudspeaker writes are wrong by +20m or -3h"
    ),
    effects=wrong_clock(*_ERRORS),
    rules=("any.clock_bad",),
    observable=constantly_wrong(*_ERRORS),
    shows="at once if ahead, with the third report if behind",
)
