"""An access point that has nearly run out of memory."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="memory_high",
    kind="wifi-ap",
    title=Label(vi="Bộ nhớ của điểm Wi-Fi gần cạn", en="97.5 % of the memory is in use"),
    effects=changed(Change(field="memory_pct", value=97.5, spread=1.4)),
    rules=("wifi.memory_high",),
)
