"""What the service raised, as far as a score needs to know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["RaisedFault", "Reports", "SuspectedViolation", "reason_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedFault:
    """A fault as the service raised it; times are epoch ms, `since_ms` and `raised_at_ms` by the device.

    `suppressed`: nobody was told, because a cause further up was known. `incident` names what it was notified
    with; a fault of its own by default. `why` explains it in one line, where that is known.
    """

    id: str
    rule: str
    device: str
    kind: str
    since_ms: int
    raised_at_ms: int
    detected_at_ms: int
    cleared_at_ms: int | None = None
    suppressed: bool = False
    incident: str = ""
    why: str = ""

    @property
    def notified_as(self) -> str:
        """What people were told it belongs to."""
        return self.incident or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectedViolation:
    """A suspected violation: when it occurred by the camera, and when the service knew (epoch ms)."""

    id: str
    rule: str
    device: str
    kind: str
    occurred_at_ms: int
    detected_at_ms: int


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Everything that was raised during a run. `base_url` is where the API explains it, or empty."""

    faults: tuple[RaisedFault, ...]
    violations: tuple[SuspectedViolation, ...] = ()
    base_url: str = ""


def reason_in(why: Mapping[str, Any]) -> str:
    """The line of an explanation that says most: the expression with its values, or without."""
    return str(why.get("values") or why.get("expression") or "")
