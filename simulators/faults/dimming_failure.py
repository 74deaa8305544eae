"""A driver that no longer hears the dim command."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.injection import FaultType
from simulators.lamp_modes import LEVEL
from simulators.moments import next_dimming

FAULT = FaultType(
    id="dimming_failure",
    kind="streetlight",
    title=Label(
        vi="Đèn không giảm sáng theo lịch", en="The lamp stays at full power while the programme dims"
    ),
    effects=turned(LEVEL, value=100),
    rules=("lamp.dimming_failure",),
    observable=next_dimming,
    shows="22:00, when lamps are dimmed",
    lasts=("6h", "20h"),
)
