"""A contactor that does not open: all lamps burn by day."""

from devices.description import Label
from simulators.afflictions import changed, dependants, symptoms, together
from simulators.changes import Change
from simulators.injection import FaultType
from simulators.lamp_modes import BURNING
from simulators.moments import next_dawn

FAULT = FaultType(
    id="contactor_stuck_on",
    kind="lighting-cabinet",
    title=Label(
        vi="Công tắc tơ không nhả, đèn của tủ sáng ban ngày",
        en="The contactor stays closed and all lamps burn, commanded or not",
    ),
    effects=together(
        changed(Change(field="contactor_on", value=True)),
        dependants(BURNING),
    ),
    rules=("cabinet.contactor_stuck",),
    observable=next_dawn,
    shows="dawn",
    also=symptoms("lamp.day_burner", "lamp.dimming_failure", "cabinet.lamps_off_level", of_dependants=True),
    lasts=("2h", "6h"),
)
