"""A camera that looks well and sees nobody: turned away, or its recognition has died."""

from devices.description import Label
from simulators.afflictions import turned
from simulators.camera_modes import BLIND
from simulators.injection import FaultType
from simulators.rush_hours import emptied

FAULT = FaultType(
    id="camera_no_passages",
    kind="traffic-camera",
    title=Label(
        vi="Camera không ghi nhận xe nào vào giờ cao điểm",
        en="All looks well, and nobody passes at rush hour",
    ),
    effects=turned(BLIND),
    rules=("camera.no_passages",),
    observable=emptied,
    shows="half an hour into the next rush hour",
    lasts=("3h", "12h"),
)
