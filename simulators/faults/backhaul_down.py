"""An access point that has lost its way to the internet; it still reports over its management modem."""

from devices.description import Label
from simulators.afflictions import changed, symptoms
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="backhaul_down",
    kind="wifi-ap",
    title=Label(vi="Điểm Wi-Fi mất đường truyền", en="The backhaul is down"),
    effects=changed(
        Change(field="backhaul_up", value=False),
        Change(field="backhaul_loss_pct", value=100.0),
        Change(field="client_count", factor=0.2),
    ),
    rules=("wifi.backhaul_down",),
    also=symptoms("wifi.backhaul_loss", "wifi.no_clients"),
)
