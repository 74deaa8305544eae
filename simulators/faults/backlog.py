"""A cabinet that was cut off, kept its readings and sends them all when it is back."""

from devices.description import Label
from simulators.afflictions import briefly, symptoms, turned
from simulators.effects import STORING
from simulators.injection import FaultType

FAULT = FaultType(
    id="backlog",
    kind="lighting-cabinet",
    title=Label(
        vi="Gửi bù dữ liệu sau khi mất kết nối",
        en="Fifteen readings arrive late, all at once and with their own times",
    ),
    effects=briefly(turned(STORING), reports=15),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
    also=symptoms("any.silent"),
)
