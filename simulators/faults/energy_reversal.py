"""A meter that was connected the wrong way round."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.injection import FaultType
from simulators.kinds.lighting_cabinet import REVERSED
from simulators.moments import second_report

FAULT = FaultType(
    id="energy_reversal",
    kind="lighting-cabinet",
    title=Label(vi="Công tơ chạy ngược", en="The energy counter falls by 3 kWh an hour"),
    effects=turned(REVERSED, value=3.0),
    rules=("cabinet.energy_reversal",),
    observable=second_report,
    shows="with the second report",
)
