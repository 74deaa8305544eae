"""Who goes out to repair what where."""

from dataclasses import dataclass
from datetime import date

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.columns import ID, TEXT, WORDS, Column
from devices.description import Label
from devices.entity import VALIDITY, EntityKind

__all__ = ["ENTITY", "Crew"]


@dataclass(frozen=True, kw_only=True)
class Crew:
    """A crew with the areas and kinds of device it looks after, all where it names none.

    Raises:
        ValueError: it names a kind that there is not.
    """

    id: str
    name: str
    contractor: str | None
    areas: tuple[str, ...]
    kinds: tuple[str, ...]
    phone: str
    valid_from: date
    valid_to: date | None = None

    def __post_init__(self) -> None:
        """Refuse kinds that no device has."""
        known = {*kinds(), *PASSIVE_KINDS}
        unknown = set(self.kinds) - known
        if unknown:
            raise ValueError(f"kinds are of {', '.join(sorted(known))}, got {', '.join(sorted(unknown))}")


ENTITY = EntityKind(
    id="crews",
    label=Label(vi="Đội sửa chữa", en="Crews"),
    make=Crew,
    columns=(
        Column(name="id", about="id of the crew", codec=ID, required=True),
        Column(name="name", about="name", codec=TEXT, required=True),
        Column(name="contractor", about="whose crew it is", codec=ID, refers_to="contractors"),
        Column(name="areas", about="wards; empty for all", codec=WORDS, default=(), refers_to="area"),
        Column(name="kinds", about="kinds of device; empty for all", codec=WORDS, default=()),
        Column(name="phone", about="telephone on duty", codec=TEXT, default=""),
        *VALIDITY,
    ),
)
