"""A lamp whose meter chip hangs: what it measures never changes again."""

from devices.description import Label
from simulators.afflictions import symptoms, turned
from simulators.changes import STUCK
from simulators.injection import FaultType
from simulators.moments import second_report

_MEASURED = ("power_w", "voltage_v", "current_a", "power_factor_ratio", "energy_kwh", "temp_c")

FAULT = FaultType(
    id="lamp_stuck_value",
    kind="streetlight",
    title=Label(
        vi="Giá trị đo của đèn đứng yên", en="What the lamp measures stays the same to the last digit"
    ),
    effects=turned(STUCK, value=_MEASURED),
    rules=(
        "lamp.stuck_value",
        "any.stuck_value",
    ),
    observable=second_report,
    shows="at the second report",
    also=symptoms("lamp.out", "lamp.day_burner", "lamp.over_power", "lamp.under_power"),
    lasts=("3h", "10h"),
)
