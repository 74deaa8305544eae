"""A lamp whose clock is wrong."""

from devices.description import Label
from simulators.afflictions import wrong_clock
from simulators.injection import FaultType

FAULT = FaultType(
    id="lamp_clock_wrong",
    kind="streetlight",
    title=Label(vi="Đồng hồ của đèn sai", en="The times that the lamp writes are wrong by +2h or -40m"),
    effects=wrong_clock("+2h", "-40m"),
    rules=("any.clock_bad",),
)
