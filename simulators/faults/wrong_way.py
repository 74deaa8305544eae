"""Vehicles against the direction of their lane."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.calibrations import stays_calibrated
from simulators.camera_modes import WRONG_WAY
from simulators.injection import FaultType
from simulators.rush_hours import next_traffic

FAULT = FaultType(
    id="wrong_way",
    kind="traffic-camera",
    title=Label(vi="Xe đi ngược chiều", en="Vehicles come against the direction of the lane"),
    effects=turned(WRONG_WAY),
    rules=("camera.wrong_way",),
    fits=stays_calibrated,
    observable=next_traffic,
    shows="as soon as there is traffic",
)
