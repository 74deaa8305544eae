"""Who looks after what, and who is on duty: the dated entities as notification asks them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from devices.entities.crews import Crew
from devices.entities.shifts import Shift

__all__ = ["People"]


@dataclass(frozen=True)
class People:
    """Crews and shifts of all times, in the city's time zone."""

    crews: tuple[Crew, ...]
    shifts: tuple[Shift, ...]
    zone: ZoneInfo

    def crew(self, crew: str, at_ms: int) -> Crew | None:
        """The crew of that id as it is on that day, or None."""
        day = self.local(at_ms).date()
        return next((c for c in self.crews if c.id == crew and _is_in_force(c, day)), None)

    def looks_after(self, crew: str, area: str, kind: str, at_ms: int) -> bool:
        """Whether a crew cares for devices of a kind in an area."""
        found = self.crew(crew, at_ms)
        return (
            found is not None
            and (not found.areas or area in found.areas)
            and (not found.kinds or kind in found.kinds)
        )

    def on_duty(self, crew: str | None, area: str, at_ms: int) -> list[Shift]:
        """The shifts of a crew that are on duty; of operators where `crew` is None. An empty area is any."""
        local = self.local(at_ms)
        return [shift for shift in self.of(crew, area) if shift.is_on(local)]

    def of(self, crew: str | None, area: str) -> Iterable[Shift]:
        """The shifts of a crew, or of operators, that care for an area."""
        return (s for s in self.shifts if s.crew == crew and (not s.area or not area or s.area == area))

    def local(self, at_ms: int) -> datetime:
        """The city's date and time of a moment, without its zone, as shifts are written."""
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self.zone).replace(tzinfo=None)


def _is_in_force(crew: Crew, day: date) -> bool:
    return crew.valid_from <= day and (crew.valid_to is None or day <= crew.valid_to)
