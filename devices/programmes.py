"""Broadcast programmes: when a loudspeaker is meant to play. A dated entity, in local time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

__all__ = ["BroadcastProgramme", "expects_broadcast"]


@dataclass(frozen=True, kw_only=True)
class BroadcastProgramme:
    """A programme of an area's loudspeakers, daily between two local times on some weekdays.

    `weekdays` counts Monday as 0. `starts` is inside, `ends` outside; a programme does not cross midnight.
    Valid from `valid_from` to `valid_to`, both days inside; an open end is None.

    Raises:
        ValueError: it would end before it starts, or a weekday does not exist.
    """

    id: str
    area: str
    title: str
    weekdays: frozenset[int]
    starts: time
    ends: time
    valid_from: date
    valid_to: date | None = None

    def __post_init__(self) -> None:
        """Refuse what can never play."""
        if self.starts >= self.ends:
            raise ValueError(
                f"programme {self.id!r} must end after it starts, got {self.starts} to {self.ends}"
            )
        if not self.weekdays <= set(range(7)):
            raise ValueError(
                f"programme {self.id!r}: weekdays are 0 (Monday) to 6, got {sorted(self.weekdays)}"
            )

    def is_on(self, local: datetime) -> bool:
        """Whether the programme plays at a local moment."""
        day = local.date()
        in_force = self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)
        return in_force and local.weekday() in self.weekdays and self.starts <= local.time() < self.ends


def expects_broadcast(
    programmes: Iterable[BroadcastProgramme], area: str, at_ms: int, zone: ZoneInfo
) -> Sequence[str]:
    """Ids of the programmes that an area's loudspeakers should be playing at a moment (epoch ms)."""
    local = datetime.fromtimestamp(at_ms / 1000, zone)
    return [programme.id for programme in programmes if programme.area == area and programme.is_on(local)]
