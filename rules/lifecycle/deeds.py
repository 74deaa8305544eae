"""What a person does to a fault, as a pure function: the fault after it, and the steps for its history.

Every deed may be repeated: a deed whose effect stands already gives no step, because the answer to the first
request may have been lost on its way. A comment is the exception, for the same words may be meant twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rules.lifecycle.errors import AlreadyAcknowledgedError, DeedRefusedError
from rules.lifecycle.item import Step, WorkItem, WorkState
from rules.lifecycle.transition import Transition

__all__ = [
    "SHELVED_AT_MOST_MS", "Acknowledge", "Assign", "Close", "Comment", "Deed", "SetWork", "Shelve",
    "Unshelve", "perform", "reopened", "unshelved",
]  # fmt: skip

SHELVED_AT_MOST_MS = 8 * 3_600_000
"""A shift's length: whoever comes next decides anew (rules.md 11, after OPC UA's MaxTimeShelved)."""


@dataclass(frozen=True, kw_only=True)
class Acknowledge:
    """Take note: stops repeats and the escalation to people, not the fault."""

    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Assign:
    """Give the fault to a crew; None takes it back."""

    crew: str | None
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Comment:
    """Say something about the fault."""

    comment: str


@dataclass(frozen=True, kw_only=True)
class Shelve:
    """Put an active fault aside, at the latest until a moment; `once` ends it when the fault clears too."""

    until_ms: int
    once: bool
    comment: str


@dataclass(frozen=True, kw_only=True)
class Unshelve:
    """Take a fault back from the shelf."""

    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class SetWork:
    """Report how far the work is; only telemetry can verify it."""

    state: WorkState
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Close:
    """Close the fault by hand; if its condition still holds, it opens again by itself."""

    comment: str


Deed = Acknowledge | Assign | Comment | Shelve | Unshelve | SetWork | Close

Result = tuple[WorkItem, list[Step]]


def perform(item: WorkItem, deed: Deed, *, who: str, at_ms: int) -> Result:
    """The fault after a deed, and its steps; none where the deed's effect stands already.

    Raises:
        DeedRefusedError: the fault's state does not allow it.
    """
    return _PERFORMED[type(deed)](item, deed, who, at_ms)


def _acknowledge(item: WorkItem, deed: Acknowledge, who: str, at_ms: int) -> Result:
    if item.acknowledged_by == who:
        return item, []
    if item.acknowledged_by is not None:
        raise AlreadyAcknowledgedError(item.acknowledged_by, item.acknowledged_at_ms or 0)
    taken = replace(item, acknowledged_by=who, acknowledged_at_ms=at_ms)
    return taken, [Step(transition=Transition.ACKNOWLEDGED, comment=deed.comment)]


def _assign(item: WorkItem, deed: Assign, _who: str, _at_ms: int) -> Result:
    before = item.work.assignee
    if deed.crew == before:
        return item, []
    _refuse_closed(item)
    transition = Transition.UNASSIGNED if deed.crew is None else Transition.ASSIGNED
    why = {"crew": deed.crew, "before": before}
    return _with(item, assignee=deed.crew), [Step(transition=transition, comment=deed.comment, why=why)]


def _comment(item: WorkItem, deed: Comment, _who: str, _at_ms: int) -> Result:
    return item, [Step(transition=Transition.COMMENTED, comment=deed.comment)]


def _shelve(item: WorkItem, deed: Shelve, who: str, at_ms: int) -> Result:
    _refuse_closed(item)
    if not item.is_active:
        raise DeedRefusedError("not-active", "only an active fault can be shelved; this one has cleared")
    if not at_ms < deed.until_ms <= at_ms + SHELVED_AT_MOST_MS:
        hours = (deed.until_ms - at_ms) / 3_600_000
        raise DeedRefusedError(
            "shelved-too-long", f"a fault is shelved for more than 0 and at most 8 hours, got {hours:.2f}"
        )
    work = item.work
    if (work.shelved_by, work.shelved_until_ms, work.shelved_once) == (who, deed.until_ms, deed.once):
        return item, []
    why = {"until_ms": deed.until_ms, "once": deed.once}
    shelved = _with(
        item,
        shelved_by=who,
        shelved_at_ms=at_ms,
        shelved_until_ms=deed.until_ms,
        shelved_once=deed.once,
    )
    return shelved, [Step(transition=Transition.SHELVED, comment=deed.comment, why=why)]


def _unshelve(item: WorkItem, deed: Unshelve, _who: str, _at_ms: int) -> Result:
    if not item.work.is_shelved:
        return item, []
    step = Step(transition=Transition.UNSHELVED, comment=deed.comment, why={"reason": "by_hand"})
    return unshelved(item), [step]


def unshelved(item: WorkItem) -> WorkItem:
    """The fault without its shelving."""
    return _with(item, shelved_by=None, shelved_at_ms=None, shelved_until_ms=None, shelved_once=False)


def _set_work(item: WorkItem, deed: SetWork, who: str, at_ms: int) -> Result:
    if deed.state is WorkState.VERIFIED:
        raise DeedRefusedError(
            "only-telemetry-verifies", "a repair is verified by telemetry alone; report it as 'resolved'"
        )
    if deed.state is item.work.state and not (deed.state is WorkState.OPEN and item.work.is_closed):
        return item, []
    if item.work.state is WorkState.VERIFIED:
        raise DeedRefusedError("verified", "the repair is verified; if the fault returns, it is a new fault")
    if deed.state is not WorkState.OPEN:
        _refuse_closed(item)
    return _WORKED[deed.state](item, deed, who, at_ms)


def _open_again(item: WorkItem, deed: SetWork, _who: str, _at_ms: int) -> Result:
    return reopened(item), [Step(transition=Transition.REOPENED, comment=deed.comment)]


def reopened(item: WorkItem) -> WorkItem:
    """The fault with its work to be done anew, neither resolved nor closed; its crew stays."""
    return _with(
        item,
        state=WorkState.OPEN,
        resolved_by=None,
        resolved_at_ms=None,
        closed_by=None,
        closed_at_ms=None,
    )


def _start(item: WorkItem, deed: SetWork, _who: str, _at_ms: int) -> Result:
    started = _with(item, state=WorkState.IN_PROGRESS, resolved_by=None, resolved_at_ms=None)
    return started, [Step(transition=Transition.STARTED, comment=deed.comment)]


def _resolve(item: WorkItem, deed: SetWork, who: str, at_ms: int) -> Result:
    resolved = _with(item, state=WorkState.RESOLVED, resolved_by=who, resolved_at_ms=at_ms)
    return resolved, [Step(transition=Transition.RESOLVED, comment=deed.comment)]


_WORKED: Mapping[WorkState, Callable[[WorkItem, SetWork, str, int], Result]] = {
    WorkState.OPEN: _open_again,
    WorkState.IN_PROGRESS: _start,
    WorkState.RESOLVED: _resolve,
}


def _close(item: WorkItem, deed: Close, who: str, at_ms: int) -> Result:
    if item.work.is_closed:
        return item, []
    # What is closed is no longer put aside: if its condition opens it again, people hear of it.
    closed = _with(unshelved(item), closed_by=who, closed_at_ms=at_ms)
    step = Step(transition=Transition.CLOSED, comment=deed.comment, why={"active": item.is_active})
    return closed, [step]


def _refuse_closed(item: WorkItem) -> None:
    if item.work.is_closed:
        raise DeedRefusedError("closed", f"the fault was closed, by {item.work.closed_by!r}")


def _with(item: WorkItem, **changed: Any) -> WorkItem:
    return replace(item, work=replace(item.work, **changed))


_PERFORMED: Mapping[type, Callable[[WorkItem, Any, str, int], Result]] = {
    Acknowledge: _acknowledge,
    Assign: _assign,
    Comment: _comment,
    Shelve: _shelve,
    Unshelve: _unshelve,
    SetWork: _set_work,
    Close: _close,
}
