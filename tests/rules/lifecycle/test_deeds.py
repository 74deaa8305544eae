"""What a person may do to a fault, and what its state refuses."""

from dataclasses import replace

import pytest

from rules.lifecycle.deeds import (
    SHELVED_AT_MOST_MS,
    Acknowledge,
    Assign,
    Close,
    Comment,
    Deed,
    SetWork,
    Shelve,
    Unshelve,
    perform,
)  # fmt: skip
from rules.lifecycle.errors import AlreadyAcknowledgedError, DeedRefusedError
from rules.lifecycle.item import WorkItem, WorkState
from tests.rules.lifecycle.support import HOUR_MS, item, words


def after(*deeds: Deed, start: WorkItem | None = None, who: str = "anna") -> WorkItem:
    standing = start or item()
    for number, deed in enumerate(deeds):
        standing, _ = perform(standing, deed, who=who, at_ms=number)
    return standing


CLOSED = after(Close(comment="not ours"))
CLEARED = item(cleared_at_ms=5)
RESOLVED = after(SetWork(state=WorkState.RESOLVED))


@pytest.mark.parametrize(
    ("deed", "step"),
    [
        (Acknowledge(comment="c"), "acknowledged"),
        (Assign(crew="crew-1", comment="c"), "assigned"),
        (Comment(comment="c"), "commented"),
        (Shelve(until_ms=HOUR_MS, once=True, comment="c"), "shelved"),
        (SetWork(state=WorkState.IN_PROGRESS, comment="c"), "started"),
        (SetWork(state=WorkState.RESOLVED, comment="c"), "resolved"),
        (Close(comment="c"), "closed"),
    ],
)
def test_deed_gives_one_step_with_its_words_and_repeated_none(deed: Deed, step: str) -> None:
    first, steps = perform(item(), deed, who="anna", at_ms=0)
    again, repeated = perform(first, deed, who="anna", at_ms=0)

    assert [(one.transition.value, one.comment) for one in steps] == [(step, "c")]
    assert again == first
    assert words(repeated) == (["commented"] if isinstance(deed, Comment) else [])


@pytest.mark.parametrize(
    ("start", "deed", "reason"),
    [
        (after(Acknowledge(), who="binh"), Acknowledge(), "already-acknowledged"),
        (CLOSED, Assign(crew="crew-1"), "closed"),
        (CLOSED, Shelve(until_ms=HOUR_MS, once=True, comment="c"), "closed"),
        (CLOSED, SetWork(state=WorkState.RESOLVED), "closed"),
        (CLEARED, Shelve(until_ms=HOUR_MS, once=True, comment="c"), "not-active"),
        (item(), Shelve(until_ms=SHELVED_AT_MOST_MS + 11, once=True, comment="c"), "shelved-too-long"),
        (item(), Shelve(until_ms=10, once=False, comment="c"), "shelved-too-long"),
        (RESOLVED, SetWork(state=WorkState.VERIFIED), "only-telemetry-verifies"),
        (
            replace(item(), work=replace(item().work, state=WorkState.VERIFIED)),
            SetWork(state=WorkState.OPEN),
            "verified",
        ),
    ],
)
def test_deed_that_the_state_does_not_allow_is_refused(start: WorkItem, deed: Deed, reason: str) -> None:
    with pytest.raises(DeedRefusedError) as refused:
        perform(start, deed, who="anna", at_ms=10)
    assert refused.value.reason == reason


def test_shelving_for_exactly_eight_hours_is_allowed() -> None:
    shelved, _ = perform(
        item(), Shelve(until_ms=SHELVED_AT_MOST_MS + 10, once=False, comment="c"), who="anna", at_ms=10
    )
    assert (shelved.work.shelved_by, shelved.work.shelved_once) == ("anna", False)


def test_acknowledgement_of_another_names_them_and_when() -> None:
    with pytest.raises(AlreadyAcknowledgedError) as refused:
        perform(after(Acknowledge(), who="binh"), Acknowledge(), who="anna", at_ms=7)
    assert (refused.value.by, refused.value.at_ms) == ("binh", 0)


def test_assignment_tells_who_had_it_before_and_may_be_taken_back() -> None:
    given = after(Assign(crew="crew-1"))
    back, [step] = perform(given, Assign(crew=None), who="anna", at_ms=1)
    assert (step.transition.value, step.why) == ("unassigned", {"crew": None, "before": "crew-1"})
    assert back.work.assignee is None


def test_closing_takes_a_fault_from_the_shelf() -> None:
    closed = after(Shelve(until_ms=HOUR_MS, once=False, comment="c"), Close(comment="c"))
    assert not closed.work.is_shelved
    assert closed.work.closed_by == "anna"


def test_closed_or_resolved_work_may_be_opened_again_and_keeps_its_crew() -> None:
    closed = after(Assign(crew="crew-1"), SetWork(state=WorkState.RESOLVED), Close(comment="c"))
    again, steps = perform(closed, SetWork(state=WorkState.OPEN), who="anna", at_ms=9)
    assert words(steps) == ["reopened"]
    work = again.work
    assert (work.state, work.assignee, work.is_closed, work.resolved_by) == (
        WorkState.OPEN,
        "crew-1",
        False,
        None,
    )


def test_unshelving_what_is_not_shelved_changes_nothing() -> None:
    assert perform(item(), Unshelve(), who="anna", at_ms=1) == (item(), [])
