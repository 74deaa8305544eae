"""Stretches of road between two cameras over which the average speed is measured."""

from dataclasses import dataclass
from datetime import date

from devices.columns import ID, POSITIVE, TEXT, Column
from devices.description import Label
from devices.entity import VALIDITY, EntityKind

__all__ = ["ENTITY", "RoadSection"]


@dataclass(frozen=True, kw_only=True)
class RoadSection:
    """A stretch from one camera to another: its length along the lane in m, and its limit in km/h.

    `mpe_kmh` is the maximum permissible error of the average speed. Above `fastest_kmh` two plates were
    mistaken for one; a plate read with less than `least_confidence` (0 to 1) is not followed.

    Raises:
        ValueError: it begins where it ends.
    """

    id: str
    from_device: str
    to_device: str
    length_m: float
    limit_kmh: float
    mpe_kmh: float
    document: str
    certificate: str
    valid_from: date
    valid_to: date | None = None
    vehicle_class: str = ""
    fastest_kmh: float = 200.0
    least_confidence: float = 0.8

    def __post_init__(self) -> None:
        """Refuse a stretch without length in time."""
        if self.from_device == self.to_device:
            raise ValueError("a section lies between two cameras; name another camera for its end")


ENTITY = EntityKind(
    id="road-sections",
    label=Label(vi="Đoạn đường đo tốc độ trung bình", en="Sections for average speed"),
    make=RoadSection,
    columns=(
        Column(name="id", about="id of the section", codec=ID, required=True),
        Column(
            name="from_device", about="camera at its beginning", codec=ID, required=True, refers_to="device"
        ),
        Column(name="to_device", about="camera at its end", codec=ID, required=True, refers_to="device"),
        Column(name="length_m", about="length along the lane, m", codec=POSITIVE, required=True),
        Column(name="limit_kmh", about="km/h", codec=POSITIVE, required=True),
        Column(
            name="mpe_kmh",
            about="maximum permissible error of the average, km/h",
            codec=POSITIVE,
            required=True,
        ),
        Column(name="document", about="the act or sign that sets the limit", codec=TEXT, required=True),
        Column(name="certificate", about="the document that proves the length", codec=TEXT, default=""),
        Column(name="vehicle_class", about="class of vehicle; empty for all", codec=ID, default=""),
        Column(name="fastest_kmh", about="above it two plates were mistaken", codec=POSITIVE, default=200.0),
        Column(name="least_confidence", about="of a plate that is followed", codec=POSITIVE, default=0.8),
        *VALIDITY,
    ),
)
