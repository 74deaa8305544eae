"""A lamp of which part of the modules is dead."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.injection import FaultType
from simulators.lamp_modes import DRAWING
from simulators.moments import next_dusk

FAULT = FaultType(
    id="lamp_under_power",
    kind="streetlight",
    title=Label(
        vi="Đèn tiêu thụ thấp hơn công suất dự kiến",
        en="The lamp draws 0.55 times what it should at its level",
    ),
    effects=turned(DRAWING, value=0.55),
    rules=("lamp.under_power",),
    observable=next_dusk,
    shows="dusk",
    lasts=("6h", "20h"),
)
