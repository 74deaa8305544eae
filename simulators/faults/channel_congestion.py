"""A radio channel that others use too much."""

from devices.description import Label
from simulators.afflictions import changed
from simulators.changes import Change
from simulators.injection import FaultType

FAULT = FaultType(
    id="channel_congestion",
    kind="wifi-ap",
    title=Label(vi="Kênh vô tuyến bị nghẽn", en="The channel is in use 93 % of the time"),
    effects=changed(
        Change(field="channel_load_pct", value=93.0, spread=4.0), Change(field="noise_dbm", plus=8.0)
    ),
    rules=("wifi.channel_congestion",),
)
