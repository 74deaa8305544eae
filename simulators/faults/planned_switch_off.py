"""Lamps of a cabinet that somebody commanded off, such as for work on the road."""

from devices.description import Label
from simulators.afflictions import changed, dependants, together
from simulators.changes import Change
from simulators.injection import FaultType
from simulators.lamp_modes import SWITCHED_OFF

FAULT = FaultType(
    id="planned_switch_off",
    kind="lighting-cabinet",
    title=Label(vi="Tắt đèn theo kế hoạch", en="The cabinet and its lamps are commanded off"),
    effects=together(
        changed(Change(field="cmd_on", value=False), Change(field="contactor_on", value=False)),
        dependants(SWITCHED_OFF),
    ),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
    lasts=("2h", "6h"),
)
