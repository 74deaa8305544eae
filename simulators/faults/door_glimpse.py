"""A crew that looks into the cabinet and shuts it again."""

from devices.description import Label
from simulators.afflictions import briefly, changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="door_glimpse",
    kind="lighting-cabinet",
    title=Label(vi="Mở cửa tủ kiểm tra chốc lát", en="The door is open in two reports"),
    effects=briefly(changed(Change(field="door_open", value=True)), reports=2),
    rules=(),
    real=False,
    shows="never: nothing is wrong",
)
