"""What time and telemetry do to a fault."""

from dataclasses import replace

import pytest

from rules.faults import Severity
from rules.lifecycle.deeds import Acknowledge, Close, SetWork, Shelve, perform
from rules.lifecycle.due import Escalated, Shelf, due
from rules.lifecycle.item import WorkItem, WorkState
from tests.rules.lifecycle.support import HOUR_MS, MINUTE_MS, around, item, words


def resolved(at_ms: int = 0) -> WorkItem:
    noted, _ = perform(item(), Acknowledge(), who="anna", at_ms=at_ms)
    return perform(noted, SetWork(state=WorkState.RESOLVED), who="crew", at_ms=at_ms)[0]


def shelved(until_ms: int, *, once: bool) -> WorkItem:
    return perform(item(), Shelve(until_ms=until_ms, once=once, comment="c"), who="anna", at_ms=0)[0]


def cleared(standing: WorkItem, at_ms: int) -> WorkItem:
    return replace(standing, cleared_at_ms=at_ms)


def test_reported_repair_is_verified_when_telemetry_clears_the_fault() -> None:
    verified, [step] = due(cleared(resolved(), 5), around(10))
    assert verified.work.state is WorkState.VERIFIED
    assert (step.transition.value, step.why) == (
        "verified_by_telemetry", {"cleared_at_ms": 5, "reported": True},
    )  # fmt: skip


@pytest.mark.parametrize(("now_ms", "opens"), [(2 * HOUR_MS - 1, False), (2 * HOUR_MS, True)])
def test_repair_that_telemetry_does_not_verify_in_time_opens_again(now_ms: int, opens: bool) -> None:  # noqa: FBT001 - a case
    standing, steps = due(resolved(), around(now_ms))
    assert words(steps) == (["repair_not_verified"] if opens else [])
    if opens:
        assert standing.work.state is WorkState.OPEN
        assert standing.acknowledged_by is None
        assert steps[0].why["resolved_by"] == "crew"


def test_fault_that_clears_by_itself_leaves_no_open_work_but_a_crew_at_work_is_left_to_report() -> None:
    assert due(cleared(item(), 5), around(6))[0].work.state is WorkState.VERIFIED
    started, _ = perform(item(), SetWork(state=WorkState.IN_PROGRESS), who="crew", at_ms=0)
    assert due(cleared(started, 5), around(6)) == (cleared(started, 5), [])


@pytest.mark.parametrize(
    ("standing", "now_ms", "reason"),
    [
        (shelved(HOUR_MS, once=True), HOUR_MS, "time_is_up"),
        (shelved(HOUR_MS, once=True), HOUR_MS - 1, None),
        (cleared(shelved(HOUR_MS, once=True), 5), 6, "cleared"),
        (cleared(shelved(HOUR_MS, once=False), 5), 6, None),
        (shelved(HOUR_MS, once=False), HOUR_MS, "time_is_up"),
    ],
)
def test_shelving_ends_by_itself(standing: WorkItem, now_ms: int, reason: str | None) -> None:
    left, steps = due(standing, around(now_ms))
    ended = [step.why["reason"] for step in steps if step.transition.value == "unshelved"]
    assert ended == ([reason] if reason else [])
    assert left.work.is_shelved is (reason is None)


def test_fault_that_returns_under_a_timed_shelving_is_shelved_too() -> None:
    standing, [step] = due(item(), around(10, shelf=Shelf(by="anna", at_ms=3, until_ms=HOUR_MS)))
    assert (standing.work.shelved_by, standing.work.shelved_until_ms) == ("anna", HOUR_MS)
    assert step.why["again"] is True
    assert due(standing, around(10, shelf=Shelf(by="anna", at_ms=3, until_ms=HOUR_MS)))[1] == []


@pytest.mark.parametrize(
    ("now_ms", "steps"), [(10 * MINUTE_MS - 1, []), (10 * MINUTE_MS, ["reopened_by_condition"])]
)
def test_fault_closed_by_hand_whose_condition_holds_opens_again(now_ms: int, steps: list[str]) -> None:
    closed, _ = perform(item(), Close(comment="c"), who="anna", at_ms=0)
    standing, found = due(closed, around(now_ms))
    assert words(found) == steps
    assert standing.work.is_closed is not bool(steps)


def test_fault_closed_by_hand_that_clears_stays_closed() -> None:
    closed, _ = perform(item(), Close(comment="c"), who="anna", at_ms=0)
    standing, _ = due(cleared(closed, 5), around(HOUR_MS))
    assert standing.work.is_closed


def test_fault_opened_in_maintenance_is_out_of_service_until_its_end() -> None:
    hidden, steps = due(item(), around(1, opened_in="mw-1"))
    assert (words(steps), hidden.work.out_of_service) == (["out_of_service"], "mw-1")
    assert due(hidden, around(2, opened_in="mw-1"))[1] == []
    shown, [step] = due(hidden, around(3))
    assert (step.transition.value, step.why) == ("back_in_service", {"window": "mw-1", "active": True})
    assert shown.work.out_of_service is None


def test_severity_only_grows_and_says_why() -> None:
    to = Escalated(severity=Severity.MAJOR, why={"after_ms": HOUR_MS})
    worse, [step] = due(item(), around(HOUR_MS, escalated=to))
    assert worse.severity is Severity.MAJOR
    assert step.why == {"from": "minor", "to": "major", "after_ms": HOUR_MS}
    milder = Escalated(severity=Severity.WARNING, why={})
    assert due(worse, around(HOUR_MS, escalated=milder)) == (worse, [])
    assert due(cleared(item(), 1), around(2, escalated=to))[0].severity is Severity.MINOR
