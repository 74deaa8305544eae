"""Current that flows to earth."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="leakage",
    kind="lighting-cabinet",
    title=Label(vi="Tủ rò điện", en="The cabinet detects leakage; current flows in the neutral"),
    effects=changed(
        Change(field="leakage", value=True), Change(field="neutral_current_a", plus=2.0, spread=0.4)
    ),
    rules=("cabinet.leakage",),
)
