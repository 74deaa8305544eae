"""A lamp on too high a voltage, such as after a broken neutral."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="lamp_over_voltage",
    kind="streetlight",
    title=Label(vi="Điện áp cấp cho đèn quá cao", en="The supply voltage is 18 % too high"),
    effects=changed(Change(field="voltage_v", factor=1.18), Change(field="current_a", factor=1 / 1.18)),
    rules=("lamp.over_voltage",),
)
