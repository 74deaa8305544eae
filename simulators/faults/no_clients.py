"""An access point that says it is well, and nobody can use it: a dead portal or backhaul."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.injection import FaultType
from simulators.kinds.wifi_ap import DESERTED
from simulators.moments import next_used_hour

FAULT = FaultType(
    id="no_clients",
    kind="wifi-ap",
    title=Label(
        vi="Không ai kết nối dù mọi thứ có vẻ tốt, cổng đăng nhập hoặc đường truyền chết",
        en="Nobody is connected although all looks well",
    ),
    effects=turned(DESERTED),
    rules=("wifi.no_clients",),
    observable=next_used_hour,
    shows="when several people would be there",
    lasts=("3h", "12h"),
)
