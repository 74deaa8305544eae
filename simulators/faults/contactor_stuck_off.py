"""A contactor that does not close: all lamps stay dark."""

from devices.description import Label
from simulators.afflictions import changed, dependants, symptoms, together
from simulators.changes import Change
from simulators.injection import FaultType
from simulators.lamp_modes import DARK
from simulators.moments import next_dusk

FAULT = FaultType(
    id="contactor_stuck_off",
    kind="lighting-cabinet",
    title=Label(
        vi="Công tắc tơ không đóng, đèn của tủ không sáng",
        en="The contactor stays open and all lamps are dark while commanded on",
    ),
    effects=together(
        changed(Change(field="contactor_on", value=False)),
        dependants(DARK),
    ),
    rules=("cabinet.contactor_stuck",),
    observable=next_dusk,
    shows="dusk",
    also=symptoms("lamp.out", of_dependants=True),
    lasts=("2h", "6h"),
)
