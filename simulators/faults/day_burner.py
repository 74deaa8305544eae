"""A lamp that burns although nothing commands it."""

from devices.description import Label
from simulators.afflictions import symptoms, turned
from simulators.injection import FaultType
from simulators.lamp_modes import BURNING
from simulators.moments import next_dawn

FAULT = FaultType(
    id="day_burner",
    kind="streetlight",
    title=Label(vi="Đèn sáng khi không có lệnh bật", en="The lamp burns at full power, commanded or not"),
    effects=turned(BURNING),
    rules=("lamp.day_burner",),
    observable=next_dawn,
    shows="dawn",
    also=symptoms("lamp.dimming_failure"),
    lasts=("6h", "20h"),
)
