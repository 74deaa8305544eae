"""A line that loses packets."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="backhaul_loss",
    kind="wifi-ap",
    title=Label(vi="Đường truyền mất gói", en="15 % of the packets are lost on the backhaul"),
    effects=changed(Change(field="backhaul_loss_pct", value=15.0, spread=5.0)),
    rules=(
        "wifi.backhaul_loss",
        "wifi.backhaul_degraded",
    ),
)
