"""A line that has become very slow."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="backhaul_latency",
    kind="wifi-ap",
    title=Label(vi="Đường truyền có độ trễ cao", en="The round trip takes 400 ms longer"),
    effects=changed(Change(field="backhaul_rtt_ms", plus=400.0, spread=80.0)),
    rules=(
        "wifi.backhaul_latency",
        "wifi.backhaul_degraded",
    ),
)
