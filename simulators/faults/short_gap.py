"""Two reports that did not arrive."""

from devices.description import Label
from simulators.afflictions import briefly, turned
from simulators.effects import SILENT
from simulators.injection import FaultType

FAULT = FaultType(
    id="short_gap",
    kind="streetlight",
    title=Label(vi="Mất hai lần báo cáo", en="Two reports do not arrive"),
    effects=briefly(turned(SILENT), reports=2),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
)
