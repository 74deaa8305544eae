"""A cabinet whose door stands open."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="door_open",
    kind="lighting-cabinet",
    title=Label(vi="Cửa tủ mở", en="The door stands open"),
    effects=changed(Change(field="door_open", value=True)),
    rules=("cabinet.door_open",),
)
