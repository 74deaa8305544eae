"""A programme that ends a few seconds late."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.injection import FaultType
from simulators.kinds.loudspeaker import OVERRUN

FAULT = FaultType(
    id="programme_overrun",
    kind="loudspeaker",
    title=Label(vi="Chương trình kết thúc trễ vài giây", en="Programmes end 20 s late"),
    effects=turned(OVERRUN, value=20_000),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
    lasts=("4h", "16h"),
)
