"""Who is on duty when."""

from dataclasses import dataclass
from datetime import date, datetime, time

from devices.columns import CLOCK, ID, SLUG, TEXT, WEEKDAYS, WHOLE, Column
from devices.description import Label
from devices.entity import VALIDITY, EntityKind
from devices.recurrence import span_of

__all__ = ["ENTITY", "Shift"]


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A shift of operators or of a crew on some weekdays; one that ends before it starts ends the day after.

    `weekdays` are of its start, Monday is 0; `starts` is inside, `ends` outside, local time. `people` is how
    many are on duty.
    """

    id: str
    title: str
    crew: str | None
    area: str
    weekdays: frozenset[int]
    starts: time
    ends: time
    people: int
    valid_from: date
    valid_to: date | None = None

    def is_on(self, local: datetime) -> bool:
        """Whether it is on duty at a local moment."""
        day = span_of(local, self.weekdays, self.starts, self.ends)
        return day is not None and self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


ENTITY = EntityKind(
    id="shifts",
    label=Label(vi="Ca trực", en="Shifts"),
    make=Shift,
    columns=(
        Column(name="id", about="id of the shift", codec=ID, required=True),
        Column(name="title", about="name for people", codec=TEXT, default=""),
        Column(name="crew", about="the crew; empty for operators", codec=ID, refers_to="crews"),
        Column(name="area", about="slug of a ward; empty for all", codec=SLUG, default="", refers_to="area"),
        Column(name="weekdays", about="days it starts", codec=WEEKDAYS, required=True),
        Column(name="starts", about="local time", codec=CLOCK, required=True),
        Column(name="ends", about="local time, of the next day if not after it", codec=CLOCK, required=True),
        Column(name="people", about="how many are on duty", codec=WHOLE, default=1),
        *VALIDITY,
    ),
)
