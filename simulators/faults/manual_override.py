"""Somebody left the cabinet in manual mode."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="manual_override",
    kind="lighting-cabinet",
    title=Label(vi="Tủ bị để ở chế độ tay", en="The cabinet was left in manual mode"),
    effects=changed(Change(field="manual_mode", value=True)),
    rules=("cabinet.manual_override",),
    lasts=("2h", "8h"),
)
