"""A dirty or badly adjusted camera: most plates cannot be read."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.camera_modes import UNREADABLE
from simulators.injection import FaultType
from simulators.rush_hours import outweighed, sees_many

FAULT = FaultType(
    id="camera_plates_unreadable",
    kind="traffic-camera",
    title=Label(vi="Tỷ lệ biển số không đọc được cao", en="Five of six plates are not read"),
    effects=turned(UNREADABLE),
    rules=("camera.plate_unreadable",),
    fits=sees_many,
    observable=outweighed,
    shows="twenty-two minutes on, when enough vehicles pass",
    lasts=("3h", "12h"),
)
