"""A cabinet from which nothing arrives; its lamps go on speaking."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.effects import SILENT
from simulators.injection import FaultType

FAULT = FaultType(
    id="cabinet_silent",
    kind="lighting-cabinet",
    title=Label(
        vi="Tủ chiếu sáng mất tín hiệu", en="Nothing arrives from the cabinet, its lamps go on speaking"
    ),
    effects=turned(SILENT),
    rules=(
        "any.silent",
        "cabinet.offline",
    ),
)
