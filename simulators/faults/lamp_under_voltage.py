"""A lamp at the end of an overloaded line."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="lamp_under_voltage",
    kind="streetlight",
    title=Label(vi="Điện áp cấp cho đèn quá thấp", en="The supply voltage is 18 % too low"),
    effects=changed(Change(field="voltage_v", factor=0.82), Change(field="current_a", factor=1 / 0.82)),
    rules=("lamp.under_voltage",),
)
