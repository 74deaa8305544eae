"""Motorcycles with three or four people on them."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.calibrations import stays_calibrated
from simulators.camera_modes import OVERLOADED
from simulators.injection import FaultType
from simulators.rush_hours import next_traffic

FAULT = FaultType(
    id="overload",
    kind="traffic-camera",
    title=Label(vi="Xe máy chở quá số người", en="Many motorcycles carry three or four people"),
    effects=turned(OVERLOADED),
    rules=("camera.overload",),
    fits=stays_calibrated,
    observable=next_traffic,
    shows="as soon as there is traffic",
)
