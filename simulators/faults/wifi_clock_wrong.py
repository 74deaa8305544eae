"""An access point whose clock is wrong."""

from devices.description import Label
from simulators.afflictions import wrong_clock
from simulators.injection import FaultType
from simulators.moments import constantly_wrong

_ERRORS = ("+7h", "-1h")

FAULT = FaultType(
    id="wifi_clock_wrong",
    kind="wifi-ap",
    title=Label(
        vi="Đồng hồ của điểm Wi-Fi sai", en="The times that the access point writes are wrong by +7h or -1h"
    ),
    effects=wrong_clock(*_ERRORS),
    rules=("any.clock_bad",),
    observable=constantly_wrong(*_ERRORS),
    shows="at once if ahead, with the third report if behind",
)
