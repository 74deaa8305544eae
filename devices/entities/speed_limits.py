"""The speed allowed in a camera's lane."""

from dataclasses import dataclass
from datetime import date

from devices.columns import ID, POSITIVE, TEXT, WHOLE, Column
from devices.description import Label
from devices.entity import VALIDITY, EntityKind

__all__ = ["ENTITY", "SpeedLimit"]


@dataclass(frozen=True, kw_only=True)
class SpeedLimit:
    """A limit in km/h for a lane, or for all lanes where it names none; `document` is the act or sign."""

    id: str
    device: str
    lane: int | None
    vehicle_class: str
    limit_kmh: float
    document: str
    valid_from: date
    valid_to: date | None = None


ENTITY = EntityKind(
    id="speed-limits",
    label=Label(vi="Tốc độ tối đa theo làn", en="Speed limits by lane"),
    make=SpeedLimit,
    columns=(
        Column(name="id", about="id of the limit", codec=ID, required=True),
        Column(name="device", about="id of the camera", codec=ID, required=True, refers_to="device"),
        Column(name="lane", about="number of the lane; empty for all", codec=WHOLE),
        Column(name="vehicle_class", about="class of vehicle; empty for all", codec=ID, default=""),
        Column(name="limit_kmh", about="km/h", codec=POSITIVE, required=True),
        Column(name="document", about="the act or sign that sets it", codec=TEXT, required=True),
        *VALIDITY,
    ),
)
