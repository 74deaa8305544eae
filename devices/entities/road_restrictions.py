"""Which vehicles may not use a lane, or not stop there, and when."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from devices.columns import CLOCK, ID, TEXT, WEEKDAYS, WHOLE, WORDS, Column
from devices.description import Label
from devices.entity import VALIDITY, EntityKind
from devices.recurrence import span_of

__all__ = ["ENTITY", "FORBIDS", "RoadRestriction"]

FORBIDS = ("passing", "stopping")
"""What a restriction can forbid."""
_EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, kw_only=True)
class RoadRestriction:
    """Passing or stopping forbidden in a camera's lane, or in all lanes where it names none.

    For the classes of vehicle it names, for all where it names none; on its weekdays from `starts` to `ends`
    in local time, always where it names no times.

    Raises:
        ValueError: it forbids something else, or has only one of its times.
    """

    id: str
    device: str
    forbids: str
    document: str
    valid_from: date
    valid_to: date | None = None
    lane: int | None = None
    vehicle_classes: tuple[str, ...] = ()
    weekdays: frozenset[int] = _EVERY_DAY
    starts: time | None = None
    ends: time | None = None

    def __post_init__(self) -> None:
        """Refuse what could never be applied."""
        if self.forbids not in FORBIDS:
            raise ValueError(f"forbids is one of {', '.join(FORBIDS)}, got {self.forbids!r}")
        if (self.starts is None) != (self.ends is None):
            raise ValueError("starts and ends are given together, or neither of them")

    def holds(self, at: datetime, lane: int | None, vehicle_class: str | None, zone: ZoneInfo) -> bool:
        """Whether it forbids something to a vehicle in a lane at a moment.

        What the camera does not say is not forbidden: nobody is suspected on a guess.
        """
        local = at.astimezone(zone)
        if not self.valid_from <= local.date() <= (self.valid_to or date.max):
            return False
        if self.lane is not None and lane != self.lane:
            return False
        if self.vehicle_classes and vehicle_class not in self.vehicle_classes:
            return False
        if self.starts is None or self.ends is None:
            return local.weekday() in self.weekdays
        return span_of(local, self.weekdays, self.starts, self.ends) is not None


ENTITY = EntityKind(
    id="road-restrictions",
    label=Label(vi="Hạn chế lưu thông theo làn", en="Restrictions by lane"),
    make=RoadRestriction,
    columns=(
        Column(name="id", about="id of the restriction", codec=ID, required=True),
        Column(name="device", about="id of the camera", codec=ID, required=True, refers_to="device"),
        Column(name="forbids", about="passing or stopping", codec=ID, required=True),
        Column(name="document", about="the act or sign that sets it", codec=TEXT, required=True),
        Column(name="lane", about="number of the lane; empty for all", codec=WHOLE),
        Column(name="vehicle_classes", about="classes of vehicle; empty for all", codec=WORDS, default=()),
        Column(name="weekdays", about="days; empty for all", codec=WEEKDAYS, default=_EVERY_DAY),
        Column(name="starts", about="local time; empty for the whole day", codec=CLOCK),
        Column(name="ends", about="local time, of the next day if not after it", codec=CLOCK),
        *VALIDITY,
    ),
)
