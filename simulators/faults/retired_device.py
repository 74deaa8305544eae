"""An access point that was taken down and says nothing any more."""

from devices.description import Label
from devices.registry import Life
from simulators.afflictions import turned
from simulators.effects import CAUSE
from simulators.injection import FaultType

FAULT = FaultType(
    id="retired_device",
    kind="wifi-ap",
    title=Label(
        vi="Thiết bị đã thanh lý, không còn gửi tin",
        en="Nothing arrives from a device that the registry calls retired",
    ),
    effects=turned(CAUSE),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
    lasts=("6h", "20h"),
    life=Life.RETIRED,
)
