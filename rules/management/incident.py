"""An incident: the faults of one cause, told to people once."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from devices.description import Label
from rules.faults import Severity

__all__ = ["Incident", "IncidentChange", "IncidentState", "IncidentStep", "incident_id", "worst"]

_INCIDENTS = uuid.UUID("5f0d1d3c-7f9a-5c55-9a0e-2c8f6b1d4e77")
_WORST_FIRST = tuple(Severity)


class IncidentState(StrEnum):
    """Where an incident stands.

    `merged`: a cause further up was found after it was opened; that cause's incident goes on with it.
    """

    OPEN = "open"
    CLEARED = "cleared"
    MERGED = "merged"


class IncidentChange(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    GROWN = "grown"
    SEVERITY = "severity_changed"
    UNSUPPRESSED = "unsuppressed"
    MERGED = "merged"
    REOPENED = "reopened"
    CLEARED = "cleared"


@dataclass(frozen=True, kw_only=True)
class Incident:
    """Faults of one cause; times are epoch ms.

    `cause` is the fault at their head, and `rule`, `title`, `device`, `kind` and `area` are its own; `why`
    says in a sentence what is wrong and what follows from it. `severity` is the worst of its faults.
    `since_ms` is when the cause began by the device, `opened_at_ms` when people could be told. `faults`
    counts all that ever belonged to it, `devices` the most that had faults at one time; `streets` are where
    they stand, and `people` how many they serve, None where the registry does not know.
    """

    id: str
    cause: str
    rule: str
    title: Label
    why: Label
    device: str
    kind: str
    area: str
    severity: Severity
    since_ms: int
    opened_at_ms: int
    state: IncidentState = IncidentState.OPEN
    cleared_at_ms: int | None = None
    merged_into: str | None = None
    faults: int = 1
    devices: int = 1
    streets: tuple[str, ...] = ()
    people: int | None = None


@dataclass(frozen=True, kw_only=True)
class IncidentStep:
    """A change of an incident, which is as the change left it; `detail` says what else there is to know."""

    incident: Incident
    change: IncidentChange
    detail: Mapping[str, Any] = field(default_factory=dict)


def incident_id(cause: str) -> str:
    """The id of the incident at whose head a fault stands; the same live and replayed."""
    return str(uuid.uuid5(_INCIDENTS, cause))


def worst(*severities: Severity) -> Severity:
    """The worst of some severities."""
    return min(severities, key=_WORST_FIRST.index)
