"""A lamp from which nothing arrives any more; it burns as it should."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.effects import SILENT
from simulators.injection import FaultType

FAULT = FaultType(
    id="lamp_silent",
    kind="streetlight",
    title=Label(vi="Đèn mất tín hiệu", en="Nothing arrives from the lamp"),
    effects=turned(SILENT),
    rules=(
        "any.silent",
        "lamp.comms",
    ),
)
