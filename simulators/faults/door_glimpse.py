"""A crew that looks into the cabinet and shuts it again."""

from devices.description import Label
from simulators.afflictions import briefly, changed
from simulators.changes import Change
from simulators.injection import FaultType

_AT_MOST_MS = 240_000  # an open door is a fault after five minutes, however often the cabinet reports

FAULT = FaultType(
    id="door_glimpse",
    kind="lighting-cabinet",
    title=Label(vi="Mở cửa tủ kiểm tra chốc lát", en="The door is open in two reports, four minutes at most"),
    effects=briefly(changed(Change(field="door_open", value=True)), reports=2, at_most_ms=_AT_MOST_MS),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
)
