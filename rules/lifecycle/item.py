"""A fault as a work item: two independent axes, and the work on it.

Detection says whether the fault is active; people acknowledge it. Beside these two axes stands the work:

open ──start──▶ in progress ──resolve──▶ resolved ──cleared by telemetry──▶ verified by telemetry
  ▲                                         │
  └──────── still there after the bound ────┘
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rules.faults import Severity
from rules.lifecycle.transition import Transition

__all__ = ["MANAGEMENT", "Step", "Work", "WorkItem", "WorkState"]

MANAGEMENT = "management"
"""Who takes the steps that time and telemetry ask for, where no person did."""


class WorkState(StrEnum):
    """How far the work on a fault is."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    VERIFIED = "verified_by_telemetry"


@dataclass(frozen=True, kw_only=True)
class Work:
    """What people and maintenance did about a fault; times are epoch milliseconds.

    `shelved_until_ms` stands while the fault is shelved; a shelving that is `shelved_once` also ends when the
    fault clears. `out_of_service` is the maintenance window in which the fault was opened, while it is on.
    """

    state: WorkState = WorkState.OPEN
    assignee: str | None = None
    resolved_by: str | None = None
    resolved_at_ms: int | None = None
    shelved_by: str | None = None
    shelved_at_ms: int | None = None
    shelved_until_ms: int | None = None
    shelved_once: bool = False
    closed_by: str | None = None
    closed_at_ms: int | None = None
    out_of_service: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether a person closed it."""
        return self.closed_at_ms is not None

    @property
    def is_shelved(self) -> bool:
        """Whether it is put aside for a while."""
        return self.shelved_until_ms is not None


@dataclass(frozen=True, kw_only=True)
class WorkItem:
    """What the life cycle knows of a fault; everything else about it never changes."""

    fault: str
    rule: str
    device: str
    kind: str
    severity: Severity
    raised_at_ms: int
    cleared_at_ms: int | None = None
    acknowledged_by: str | None = None
    acknowledged_at_ms: int | None = None
    work: Work = field(default_factory=Work)

    @property
    def is_active(self) -> bool:
        """Whether its condition still lasts."""
        return self.cleared_at_ms is None


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step to be written into the history: what happened, what the person said, and what explains it."""

    transition: Transition
    comment: str | None = None
    why: Mapping[str, Any] = field(default_factory=dict)
