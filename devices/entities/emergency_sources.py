"""Who may interrupt the programme of loudspeakers."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from devices.columns import ID, SLUG, TEXT, Column, choice
from devices.description import Label
from devices.entity import VALIDITY, EntityKind

__all__ = ["ENTITY", "EmergencySource", "Level"]


class Level(StrEnum):
    """Where in the state's source-information system a source belongs."""

    COMMUNE = "commune"
    PROVINCE = "province"
    CENTRAL = "central"


@dataclass(frozen=True, kw_only=True)
class EmergencySource:
    """A source, by the word that broadcasts carry as `source`, whose messages need no programme."""

    id: str
    area: str
    source: str
    organisation: str
    level: Level
    valid_from: date
    valid_to: date | None = None


ENTITY = EntityKind(
    id="emergency-sources",
    label=Label(vi="Nguồn phát khẩn cấp", en="Registered emergency sources"),
    make=EmergencySource,
    columns=(
        Column(name="id", about="id of the registration", codec=ID, required=True),
        Column(name="area", about="slug of a ward; empty for all", codec=SLUG, default="", refers_to="area"),
        Column(name="source", about="what a broadcast says in `source`", codec=TEXT, required=True),
        Column(name="organisation", about="who it is", codec=TEXT, default=""),
        Column(name="level", about="where it belongs", codec=choice(Level), required=True),
        *VALIDITY,
    ),
)
