"""How bright the lamps of an area are meant to be."""

from dataclasses import dataclass
from datetime import date

from devices.columns import ID, SLUG, TEXT, Column
from devices.description import Label
from devices.device import Device
from devices.dim_curve import DIM_CURVE, DimStep
from devices.entity import VALIDITY, EntityKind

__all__ = ["ENTITY", "LightingProgramme"]


@dataclass(frozen=True, kw_only=True)
class LightingProgramme:
    """A dim curve for the lamps of an area, or of one cabinet or street in it."""

    id: str
    area: str
    group: str
    curve: tuple[DimStep, ...]
    valid_from: date
    valid_to: date | None = None

    def concerns(self, device: Device) -> bool:
        """Whether a lamp follows it: it stands in the area, and its cabinet or street is the group if any."""
        cabinet = device.powered_by.parent if device.powered_by else None
        return device.area == self.area and self.group in ("", cabinet, device.street)


ENTITY = EntityKind(
    id="lighting-programmes",
    label=Label(vi="Lịch chiếu sáng", en="Lighting programmes"),
    make=LightingProgramme,
    columns=(
        Column(name="id", about="id of the programme", codec=ID, required=True),
        Column(name="area", about="slug of the ward", codec=SLUG, required=True, refers_to="area"),
        Column(name="group", about="a cabinet's id or a street; empty for all", codec=TEXT, default=""),
        Column(
            name="curve",
            about="steps of time=percent: sunset-15m=100 22:00=60 05:00=100 sunrise+10m=0",
            codec=DIM_CURVE,
            required=True,
        ),
        *VALIDITY,
    ),
)
