"""An access point with as many clients as it can take."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.injection import FaultType
from simulators.kinds.wifi_ap import CROWDED
from simulators.moments import next_busy_hour

FAULT = FaultType(
    id="client_saturation",
    kind="wifi-ap",
    title=Label(vi="Điểm Wi-Fi quá tải người dùng", en="97 % of the client capacity is in use at busy hours"),
    effects=turned(CROWDED, value=0.97),
    rules=("wifi.client_saturation",),
    observable=next_busy_hour,
    shows="the next busy hour",
    lasts=("3h", "12h"),
)
