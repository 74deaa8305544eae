"""A lamp whose clock is wrong."""

from devices.description import Label
from simulators.afflictions import wrong_clock
from simulators.injection import FaultType
from simulators.moments import constantly_wrong

_ERRORS = ("+2h", "-40m")

FAULT = FaultType(
    id="lamp_clock_wrong",
    kind="streetlight",
    title=Label(vi="Đồng hồ của đèn sai", en="The times that the lamp writes are wrong by +2h or -40m"),
    effects=wrong_clock(*_ERRORS),
    rules=("any.clock_bad",),
    observable=constantly_wrong(*_ERRORS),
    shows="at once if ahead, with the third report if behind",
)
