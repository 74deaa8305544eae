"""Routes: which incidents are told to whom, in which language, how often, and to whom next."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from notify.incident import Incident, is_worse
from notify.language import Language
from notify.people import People
from rules.faults import Severity

__all__ = ["Duty", "Escalation", "Label", "Route", "Timing", "group_key", "heard_by", "is_active"]


class Duty(StrEnum):
    """When a route tells: always, or only while the people of its shifts are on duty, or off."""

    ANY = "any"
    ON = "on"
    OFF = "off"


class Label(StrEnum):
    """What incidents of one notification have in common."""

    AREA = "area"
    KIND = "kind"
    SEVERITY = "severity"
    DEVICE = "device"


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """Channels that are told when nobody took note of an incident for so long (ms)."""

    after_ms: int
    channels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How often a group is told, in ms of the service's clock, with Alertmanager's meanings.

    `wait`: from its first incident to the first notification, so that what belongs together comes together.
    `interval`: between two notifications of changes. `repeat`: until what nobody took note of is told again.
    """

    wait_ms: int = 60_000
    interval_ms: int = 600_000
    repeat_ms: int = 43_200_000
    escalations: tuple[Escalation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Route:
    """A way from incidents to channels. Empty areas and kinds mean all; `severity` is the least bad told.

    A `fallback` hears only of what no other route tells at that time, so that nothing is told to nobody.
    `was` are ids that it had: what was told under them goes on here.
    """

    id: str
    channels: tuple[str, ...]
    areas: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    severity: Severity = Severity.WARNING
    crew: str | None = None
    duty: Duty = Duty.ANY
    shifts: frozenset[str] = frozenset()
    language: Language = Language.VI
    group_by: tuple[Label, ...] = (Label.AREA,)
    timing: Timing = Timing()
    fallback: bool = False
    was: tuple[str, ...] = ()

    def wants(self, incident: Incident, people: People, at_ms: int) -> bool:
        """Whether incidents like this are told on this route."""
        return (
            (not self.areas or incident.area in self.areas)
            and (not self.kinds or incident.kind in self.kinds)
            and not is_worse(self.severity, incident.severity)
            and (self.crew is None or people.looks_after(self.crew, incident.area, incident.kind, at_ms))
        )


def is_active(route: Route, area: str, people: People, at_ms: int) -> bool:
    """Whether a route tells at this moment; what it hears meanwhile waits for its people's duty to begin."""
    if route.duty is Duty.ANY:
        return True
    on_duty = people.on_duty(route.crew, area, at_ms)
    is_on = any(not route.shifts or shift.id in route.shifts for shift in on_duty)
    return is_on == (route.duty is Duty.ON)


def heard_by(routes: Iterable[Route], incident: Incident, people: People, at_ms: int) -> list[Route]:
    """The routes that hear of an incident: those that want it; fallbacks too where none of them tells now."""
    wanting = [route for route in routes if route.wants(incident, people, at_ms)]
    chosen = [route for route in wanting if not route.fallback]
    if any(is_active(route, incident.area, people, at_ms) for route in chosen):
        return chosen
    return chosen + [route for route in wanting if route.fallback]


def group_key(route: Route, incident: Incident) -> str:
    """The group of a route that an incident belongs to: the route, and what its labels say."""
    values = (str(getattr(incident, label)) for label in route.group_by)
    return "|".join((route.id, *values))
