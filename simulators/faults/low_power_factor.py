"""A lamp whose capacitor is gone."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType
from simulators.moments import next_dusk

FAULT = FaultType(
    id="low_power_factor",
    kind="streetlight",
    title=Label(
        vi="Hệ số công suất của đèn thấp", en="The power factor of the burning lamp is 0.6 of the usual"
    ),
    effects=changed(
        Change(field="power_factor_ratio", factor=0.6, when="cmd_on"),
        Change(field="current_a", factor=1 / 0.6, when="cmd_on"),
    ),
    rules=("lamp.low_power_factor",),
    observable=next_dusk,
    shows="dusk",
    lasts=("6h", "20h"),
)
