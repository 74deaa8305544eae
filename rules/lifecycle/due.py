"""What time and telemetry do to a fault, as a pure function: the steps that are due at a moment.

Asking again at the same moment gives no further step, and asking late gives the same end as asking often.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rules.faults import Severity
from rules.lifecycle.deeds import reopened, unshelved
from rules.lifecycle.item import Step, WorkItem, WorkState
from rules.lifecycle.transition import Transition

__all__ = ["Escalated", "Shelf", "Surroundings", "due", "is_settled"]

_WORST_FIRST = tuple(Severity)


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A timed shelving of the same rule on the same device that an earlier fault left standing."""

    by: str
    at_ms: int
    until_ms: int


@dataclass(frozen=True, kw_only=True)
class Escalated:
    """The severity that a rule's escalation asks for, and why, in both languages and as data."""

    severity: Severity
    why: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a fault's life depends on besides itself, at a moment.

    `opened_in` is the maintenance window in which the fault was opened, if that window is still on;
    `has_returned`: the same rule found the same again on the device since this fault cleared.
    `verify_within_ms` and `close_grace_ms` are the policy's for the device's kind.
    """

    now_ms: int
    verify_within_ms: int
    close_grace_ms: int
    opened_in: str | None = None
    has_returned: bool = False
    shelf: Shelf | None = None
    escalated: Escalated | None = None


@dataclass
class _Course:
    """A fault on its way through the steps that are due."""

    item: WorkItem
    steps: list[Step] = field(default_factory=list)

    def take(self, item: WorkItem, transition: Transition, **why: Any) -> None:
        """Go on from `item`, by a step."""
        self.item = item
        self.steps.append(Step(transition=transition, why=why))


def due(item: WorkItem, around: Surroundings) -> tuple[WorkItem, list[Step]]:
    """The fault at a moment, and the steps that lead there; none where nothing is due."""
    course = _Course(item)
    for stage in _STAGES:
        stage(course, around)
    return course.item, course.steps


def is_settled(item: WorkItem) -> bool:
    """Whether nothing can be due any more, whatever the time."""
    work = item.work
    return not (
        item.is_active
        or work.state in (WorkState.OPEN, WorkState.RESOLVED)
        or work.is_shelved
        or work.out_of_service is not None
    )


def _maintain(course: _Course, around: Surroundings) -> None:
    """Mark what was opened in maintenance; at its end, or when it clears, take the mark away."""
    item, window = course.item, course.item.work.out_of_service
    if window is None and around.opened_in is not None and item.is_active:
        marked = replace(item, work=replace(item.work, out_of_service=around.opened_in))
        course.take(marked, Transition.OUT_OF_SERVICE, window=around.opened_in)
    elif window is not None and (around.opened_in is None or not item.is_active):
        released = replace(item, work=replace(item.work, out_of_service=None))
        course.take(released, Transition.BACK_IN_SERVICE, window=window, active=item.is_active)


def _shelve(course: _Course, around: Surroundings) -> None:
    """Put aside what returns while its shelving stands."""
    item, shelf = course.item, around.shelf
    if shelf is None or not item.is_active or item.work.is_shelved or item.work.is_closed:
        return
    work = replace(
        item.work,
        shelved_by=shelf.by,
        shelved_at_ms=shelf.at_ms,
        shelved_until_ms=shelf.until_ms,
        shelved_once=False,
    )
    shelved = replace(item, work=work)
    course.take(shelved, Transition.SHELVED, by=shelf.by, until_ms=shelf.until_ms, once=False, again=True)


def _unshelve(course: _Course, around: Surroundings) -> None:
    """Take back what was put aside long enough, and what cleared if it was put aside once."""
    item, until_ms = course.item, course.item.work.shelved_until_ms
    if until_ms is None:
        return
    if item.work.shelved_once and not item.is_active:
        course.take(unshelved(item), Transition.UNSHELVED, reason="cleared")
    elif around.has_returned:
        # The shelving goes over to the fault that is there now, so that taking that one back ends it.
        course.take(unshelved(item), Transition.UNSHELVED, reason="passed_on")
    elif until_ms <= around.now_ms:
        course.take(unshelved(item), Transition.UNSHELVED, reason="time_is_up")


def _verify(course: _Course, around: Surroundings) -> None:
    """Let telemetry judge the work: a cleared fault is repaired, one that stays too long is not."""
    item, work = course.item, course.item.work
    if not item.is_active and work.state in (WorkState.OPEN, WorkState.RESOLVED):
        reported = work.state is WorkState.RESOLVED
        verified = replace(item, work=replace(work, state=WorkState.VERIFIED))
        course.take(verified, Transition.VERIFIED, cleared_at_ms=item.cleared_at_ms, reported=reported)
    elif item.is_active and work.state is WorkState.RESOLVED and work.resolved_at_ms is not None:
        bound_ms = work.resolved_at_ms + around.verify_within_ms
        if bound_ms <= around.now_ms:
            unconvinced = replace(reopened(item), acknowledged_by=None, acknowledged_at_ms=None)
            why = {"resolved_by": work.resolved_by, "waited_ms": around.verify_within_ms}
            course.take(unconvinced, Transition.NOT_VERIFIED, **why)


def _reopen(course: _Course, around: Surroundings) -> None:
    """Open again what was closed by hand while its condition goes on."""
    item, closed_at_ms = course.item, course.item.work.closed_at_ms
    if closed_at_ms is None or not item.is_active:
        return
    if closed_at_ms + around.close_grace_ms <= around.now_ms:
        again = replace(reopened(item), acknowledged_by=None, acknowledged_at_ms=None)
        course.take(again, Transition.REOPENED_BY_CONDITION, closed_by=item.work.closed_by)


def _escalate(course: _Course, around: Surroundings) -> None:
    """Make an active fault worse, never milder: the highest severity wins."""
    item, to = course.item, around.escalated
    if to is None or not item.is_active:
        return
    if _WORST_FIRST.index(to.severity) < _WORST_FIRST.index(item.severity):
        why = {"from": item.severity.value, "to": to.severity.value, **to.why}
        course.take(replace(item, severity=to.severity), Transition.ESCALATED, **why)


_STAGES: tuple[Callable[[_Course, Surroundings], None], ...] = (
    _maintain,
    _shelve,
    _unshelve,
    _verify,
    _reopen,
    _escalate,
)
