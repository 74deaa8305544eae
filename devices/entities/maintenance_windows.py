"""When people work on devices, so that what happens there is expected."""

from dataclasses import dataclass
from datetime import datetime

from devices.columns import ID, SLUG, TEXT, WORDS, Column
from devices.description import Label
from devices.entity import MOMENTS, EntityKind

__all__ = ["ENTITY", "MaintenanceWindow"]


@dataclass(frozen=True, kw_only=True)
class MaintenanceWindow:
    """Work on some devices, or on all of an area, between two moments.

    Raises:
        ValueError: it names neither.
    """

    id: str
    area: str
    devices: tuple[str, ...]
    reason: str
    requested_by: str
    valid_from: datetime
    valid_to: datetime

    def __post_init__(self) -> None:
        """Refuse work on nothing."""
        if not self.area and not self.devices:
            raise ValueError("a maintenance window needs an area or devices")


ENTITY = EntityKind(
    id="maintenance-windows",
    label=Label(vi="Lịch bảo trì", en="Maintenance windows"),
    make=MaintenanceWindow,
    columns=(
        Column(name="id", about="id of the window", codec=ID, required=True),
        Column(name="area", about="slug of a ward, all of it", codec=SLUG, default="", refers_to="area"),
        Column(name="devices", about="ids of devices", codec=WORDS, default=(), refers_to="device"),
        Column(name="reason", about="what is done", codec=TEXT, required=True),
        Column(name="requested_by", about="who asked for it", codec=TEXT, default=""),
        *MOMENTS,
    ),
)
