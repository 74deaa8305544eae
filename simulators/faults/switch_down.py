"""An access switch that is down: everything that is connected through it is silent."""

from devices.description import Label
from simulators.afflictions import dependants_silent, has_several_dependants, symptoms, together, turned
from simulators.effects import CAUSE
from simulators.injection import FaultType

FAULT = FaultType(
    id="switch_down",
    kind="switch",
    title=Label(
        vi="Bộ chuyển mạch hỏng, mọi thiết bị nối qua nó mất tín hiệu",
        en="Nothing arrives from anything connected through the switch",
    ),
    effects=together(turned(CAUSE), dependants_silent),
    rules=("switch.offline",),
    fits=has_several_dependants,
    also=symptoms("any.silent", of_dependants=True),
)
