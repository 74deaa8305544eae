"""A lamp that draws far more than it should."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.injection import FaultType
from simulators.lamp_modes import DRAWING
from simulators.moments import next_dusk

FAULT = FaultType(
    id="lamp_over_power",
    kind="streetlight",
    title=Label(
        vi="Đèn tiêu thụ vượt công suất dự kiến", en="The lamp draws 1.45 times what it should at its level"
    ),
    effects=turned(DRAWING, value=1.45),
    rules=("lamp.over_power",),
    observable=next_dusk,
    shows="dusk",
    lasts=("6h", "20h"),
)
