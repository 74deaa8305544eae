"""A dip of the voltage that one reading happens to catch."""

from devices.description import Label
from simulators.afflictions import briefly, changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="voltage_dip",
    kind="streetlight",
    title=Label(vi="Sụt áp thoáng qua trong một mẫu", en="A single reading shows 70 % of the voltage"),
    effects=briefly(changed(Change(field="voltage_v", factor=0.7))),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
)
