"""What management knows of a fault: whether it is held, by what, and the incident that it belongs to."""

from dataclasses import dataclass
from enum import StrEnum

from devices.description import Label

__all__ = ["Hold", "Standing"]


class Hold(StrEnum):
    """Whether a fault is held back.

    `waiting`: a cause further up may still show, or has just gone and the fault is looked at again.
    `suppressed`: a cause further up is active. `free`: nothing holds it; it is its own cause.
    """

    WAITING = "waiting"
    SUPPRESSED = "suppressed"
    FREE = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where management has put a fault; times are epoch ms of the service's clock.

    `until_ms` is when waiting ends. `suppressed_by` is the fault that causes it, the next one up, and
    `reason` says so to people. `incident` is the one that it belongs to, or last belonged to; None before
    there is one. `since_ms` is when it was put so; `told_at_ms` when it first was an incident of its own. A
    fault that ended keeps its last standing and is not `is_live`.

    One that waits with a reason has lost its cause just now and is being looked at again.
    """

    fault: str
    hold: Hold
    since_ms: int
    until_ms: int | None = None
    suppressed_by: str | None = None
    reason: Label | None = None
    incident: str | None = None
    told_at_ms: int | None = None
    is_live: bool = True

    def is_rechecked(self, now_ms: int) -> bool:
        """Whether its cause has gone and it has not had the time to clear yet."""
        return self.hold is Hold.WAITING and self.reason is not None and now_ms < (self.until_ms or 0)

    def is_due(self, now_ms: int) -> bool:
        """Whether people are told of it now, if nothing explains it."""
        return self.hold is Hold.FREE or (self.hold is Hold.WAITING and now_ms >= (self.until_ms or 0))
