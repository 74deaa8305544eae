"""Many people at a festival: busy, and within what the access point can take."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.injection import FaultType
from simulators.kinds.wifi_ap import CROWDED

FAULT = FaultType(
    id="festival",
    kind="wifi-ap",
    title=Label(
        vi="Lễ hội: nhiều người dùng nhưng chưa quá tải",
        en="80 % of the client capacity is in use at busy hours",
    ),
    effects=turned(CROWDED, value=0.8),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
    lasts=("5h", "12h"),
)
