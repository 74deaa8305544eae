"""An access point that is busy with something of its own."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="cpu_high",
    kind="wifi-ap",
    title=Label(vi="CPU của điểm Wi-Fi quá tải", en="The CPU load is 96 %"),
    effects=changed(Change(field="cpu_pct", value=96.0, spread=3.0)),
    rules=("wifi.cpu_high",),
)
