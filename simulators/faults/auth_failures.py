"""Many failed attempts to get in."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="auth_failures",
    kind="wifi-ap",
    title=Label(vi="Xác thực lỗi tăng vọt", en="Dozens of failed authentications in each interval"),
    effects=changed(Change(field="auth_failure_count", value=60, spread=20)),
    rules=("wifi.auth_failures",),
)
