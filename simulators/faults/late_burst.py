"""Reports that arrive late and together."""

from devices.description import Label
from simulators.afflictions import briefly, turned
from simulators.effects import STORING
from simulators.injection import FaultType

FAULT = FaultType(
    id="late_burst",
    kind="wifi-ap",
    title=Label(vi="Hai báo cáo đến trễ cùng lúc", en="Two reports arrive together with the third"),
    effects=briefly(turned(STORING), reports=2),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
)
