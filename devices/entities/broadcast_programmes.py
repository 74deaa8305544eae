"""When the loudspeakers of an area are meant to play."""

from devices.columns import CLOCK, ID, SLUG, TEXT, WEEKDAYS, Column
from devices.description import Label
from devices.entity import VALIDITY, EntityKind
from devices.programmes import BroadcastProgramme

__all__ = ["ENTITY"]

ENTITY = EntityKind(
    id="broadcast-programmes",
    label=Label(vi="Lịch phát thanh", en="Broadcast programmes"),
    make=BroadcastProgramme,
    columns=(
        Column(name="id", about="id of the programme", codec=ID, required=True),
        Column(name="area", about="slug of the ward", codec=SLUG, required=True, refers_to="area"),
        Column(name="title", about="title", codec=TEXT, default=""),
        Column(name="weekdays", about="days it plays", codec=WEEKDAYS, required=True),
        Column(name="starts", about="local time", codec=CLOCK, required=True),
        Column(name="ends", about="local time, after the start, outside", codec=CLOCK, required=True),
        *VALIDITY,
    ),
)
