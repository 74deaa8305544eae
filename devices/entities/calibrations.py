"""Since when and until when a camera's speeds may be used."""

from dataclasses import dataclass
from datetime import date

from devices.columns import ID, POSITIVE, TEXT, Column
from devices.description import Label
from devices.entity import VALIDITY, EntityKind

__all__ = ["ENTITY", "Calibration"]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A certificate of a camera's speed meter; `mpe_kmh` is its maximum permissible error."""

    id: str
    device: str
    certificate: str
    laboratory: str
    mpe_kmh: float
    valid_from: date
    valid_to: date | None = None


ENTITY = EntityKind(
    id="calibrations",
    label=Label(vi="Kiểm định thiết bị đo", en="Calibrations"),
    make=Calibration,
    columns=(
        Column(name="id", about="id of the entry", codec=ID, required=True),
        Column(name="device", about="id of the camera", codec=ID, required=True, refers_to="device"),
        Column(name="certificate", about="number of the certificate", codec=TEXT, required=True),
        Column(name="laboratory", about="who issued it", codec=TEXT, default=""),
        Column(name="mpe_kmh", about="maximum permissible error, km/h", codec=POSITIVE, required=True),
        *VALIDITY,
    ),
)
