"""What a management step looks at and what it decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devices.description import Label
from rules.faults import FaultCleared, FaultRaised, Severity
from rules.management.incident import Incident, IncidentStep
from rules.management.standing import Hold, Standing

__all__ = ["ActiveFault", "Decisions", "Situation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveFault:
    """A fault that is active, as far as management needs to know it.

    `is_hidden` says that nobody is to be told of it for now, because it is in maintenance, shelved or closed.
    `why` is what explains it; it may be left empty where no rule says that it names parts (see
    `Dependencies.named_parts`).
    """

    id: str
    rule: str
    device: str
    kind: str
    area: str
    title: Label
    severity: Severity
    since_ms: int
    detected_at_ms: int
    is_hidden: bool = False
    why: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, fault: FaultRaised) -> "ActiveFault":
        """A fault as it was raised."""
        names = (name for name in cls.__dataclass_fields__ if name != "is_hidden")
        return cls(**{name: getattr(fault, name) for name in names})


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All active faults, the live standings (of faults that may have ended since) and the live incidents.

    Each by its id: standings by their fault's.
    """

    active: Mapping[str, ActiveFault]
    standings: Mapping[str, Standing] = field(default_factory=dict)
    incidents: Mapping[str, Incident] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What a step decided; empty if everything stays as it is.

    `raised` and `cleared` are faults of passive assets. `due_ms` is when something changes although nothing
    happens: the end of the next waiting; None if nothing waits.
    """

    raised: tuple[FaultRaised, ...] = ()
    cleared: tuple[FaultCleared, ...] = ()
    standings: tuple[Standing, ...] = ()
    incidents: tuple[IncidentStep, ...] = ()
    due_ms: int | None = None
    holds: Mapping[Hold, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write down."""
        return not (self.raised or self.cleared or self.standings or self.incidents)
