"""Who repairs devices under contract."""

from dataclasses import dataclass
from datetime import date

from devices.columns import ID, TEXT, Column
from devices.description import Label
from devices.entity import VALIDITY, EntityKind

__all__ = ["ENTITY", "Contractor"]


@dataclass(frozen=True, kw_only=True)
class Contractor:
    """A company; telephone and mail are those of its duty desk, not of a person."""

    id: str
    name: str
    contract: str
    phone: str
    email: str
    valid_from: date
    valid_to: date | None = None


ENTITY = EntityKind(
    id="contractors",
    label=Label(vi="Nhà thầu", en="Contractors"),
    make=Contractor,
    columns=(
        Column(name="id", about="id of the contractor", codec=ID, required=True),
        Column(name="name", about="name", codec=TEXT, required=True),
        Column(name="contract", about="number of the contract", codec=TEXT, default=""),
        Column(name="phone", about="telephone of the duty desk", codec=TEXT, default=""),
        Column(name="email", about="mail of the duty desk", codec=TEXT, default=""),
        *VALIDITY,
    ),
)
