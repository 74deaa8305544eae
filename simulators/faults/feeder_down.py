"""A feeder without voltage: everything that it powers is silent."""

from devices.description import Label
from simulators.afflictions import dependants_silent, has_several_dependants, symptoms, together, turned
from simulators.effects import CAUSE
from simulators.injection import FaultType

FAULT = FaultType(
    id="feeder_down",
    kind="feeder",
    title=Label(
        vi="Tuyến cấp điện mất điện, mọi thiết bị trên tuyến mất tín hiệu",
        en="Everything that the feeder powers is dark and silent",
    ),
    effects=together(turned(CAUSE), dependants_silent),
    rules=("feeder.offline",),
    fits=has_several_dependants,
    also=symptoms("any.silent", "cabinet.offline", "lamp.out", of_dependants=True),
)
