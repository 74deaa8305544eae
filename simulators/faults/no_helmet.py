"""Motorcycle riders without helmets."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.calibrations import stays_calibrated
from simulators.camera_modes import NO_HELMET
from simulators.injection import FaultType
from simulators.rush_hours import next_traffic

FAULT = FaultType(
    id="no_helmet",
    kind="traffic-camera",
    title=Label(
        vi="Người đi xe máy không đội mũ bảo hiểm", en="Every second motorcycle rider wears no helmet"
    ),
    effects=turned(NO_HELMET),
    rules=("camera.no_helmet",),
    fits=stays_calibrated,
    observable=next_traffic,
    shows="as soon as there is traffic",
)
