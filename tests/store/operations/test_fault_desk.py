"""People's deeds at rest: one transaction for the fault, its work, its history, the audit and the feed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rules.lifecycle.deeds import Assign, Close, Comment, Deed, SetWork, Shelve
from rules.lifecycle.errors import DeedRefusedError
from rules.lifecycle.item import WorkState
from store.operations.audit import AuditLog
from store.operations.changes import ChangeFeed
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.errors import NoSuchRecordError, VersionConflictError
from store.operations.fault_desk import Asked, FaultDesk
from store.operations.faults import FaultFilter, FaultRepository
from store.operations.records import FaultRecord, FaultState, from_body
from tests.store.operations.support import cleared, outcome, raised

HOUR_MS = 3_600_000


@pytest.fixture
def desk(database: OperationsDatabase) -> FaultDesk:
    DetectionTables(database).commit(outcome(*(raised(f"lamp-{number}") for number in range(4))))
    return FaultDesk(database)


def ids(database: OperationsDatabase) -> list[str]:
    return [record.id for record in reversed(FaultRepository(database).list(FaultFilter()).items)]


def test_deeds_are_kept_with_who_when_and_why(desk: FaultDesk, database: OperationsDatabase) -> None:
    fault = ids(database)[0]
    desk.perform(fault, Assign(crew="crew-1", comment="near you"), who="anna", at_ms=10)
    record = desk.perform(fault, SetWork(state=WorkState.RESOLVED), who="crew-1", at_ms=20)

    faults = FaultRepository(database)
    assert faults.get(fault) == record
    assert (record.work.assignee, record.work.state, record.work.resolved_by) == (
        "crew-1",
        WorkState.RESOLVED,
        "crew-1",
    )
    steps = faults.history(fault)
    assert [(step.transition.value, step.who, step.at_ms, step.comment) for step in steps[1:]] == [
        ("assigned", "anna", 10, "near you"), ("resolved", "crew-1", 20, None),
    ]  # fmt: skip
    assert steps[1].why == {"crew": "crew-1", "before": None}
    assert [entry.action for entry in AuditLog(database).list().items[:2]] == ["fault.work", "fault.assign"]
    changes = ChangeFeed(database).after(0, 100)
    assert from_body(FaultRecord, changes[-1].body) == record


def test_one_deed_for_many_tells_of_each_what_came_of_it(
    desk: FaultDesk, database: OperationsDatabase
) -> None:
    first, second, third, _ = ids(database)
    desk.perform(second, Close(comment="c"), who="anna", at_ms=1)
    asked = [Asked(third), Asked(second), Asked("none"), Asked(first, 7)]
    answers = desk.perform_each(
        asked, Shelve(until_ms=HOUR_MS, once=True, comment="rain"), who="anna", at_ms=2
    )

    done, *refused = answers
    assert isinstance(done, FaultRecord)
    assert FaultRepository(database).get(third) == done
    assert [type(answer) for answer in refused] == [
        DeedRefusedError, NoSuchRecordError, VersionConflictError,
    ]  # fmt: skip
    assert FaultRepository(database).get(first).version == 1


def test_fault_named_twice_in_one_request_is_treated_in_turn(
    desk: FaultDesk, database: OperationsDatabase
) -> None:
    fault = ids(database)[0]
    answers = desk.perform_each([Asked(fault), Asked(fault)], Comment(comment="c"), who="anna", at_ms=1)
    assert answers[0] == answers[1] == FaultRepository(database).get(fault)
    assert len(FaultRepository(database).history(fault)) == 3


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (FaultFilter(shelved=True), [0]),
        (FaultFilter(shelved=False), [1, 2, 3]),
        (FaultFilter(work=WorkState.OPEN), [0, 1, 3]),
        (FaultFilter(work=WorkState.RESOLVED), [2]),
        (FaultFilter(assignee="crew-1"), [1]),
        (FaultFilter(closed=True, state=FaultState.ACTIVE), [3]),
        (FaultFilter(out_of_service=True), []),
        (FaultFilter(out_of_service=False, closed=False), [0, 1, 2]),
    ],
)
def test_faults_are_found_by_the_work_on_them(
    desk: FaultDesk, database: OperationsDatabase, wanted: FaultFilter, expected: list[int]
) -> None:
    every = ids(database)
    deeds: tuple[Deed, ...] = (
        Shelve(until_ms=HOUR_MS, once=True, comment="c"),
        Assign(crew="crew-1"),
        SetWork(state=WorkState.RESOLVED),
        Close(comment="c"),
    )
    for fault, deed in zip(every, deeds, strict=True):
        desk.perform(fault, deed, who="anna", at_ms=1)

    found = FaultRepository(database).list(wanted).items
    assert sorted(every.index(record.id) for record in found) == expected


def test_detection_keeps_the_work_when_a_fault_clears(desk: FaultDesk, database: OperationsDatabase) -> None:
    fault = raised("lamp-0")
    desk.perform(fault.id, Assign(crew="crew-1"), who="anna", at_ms=1)
    DetectionTables(database).commit(outcome(cleared(fault), number=2))

    record = FaultRepository(database).get(fault.id)
    assert (record.state, record.work.assignee, record.version) == (FaultState.CLEARED, "crew-1", 3)
    last = ChangeFeed(database).after(0, 100)[-1]
    assert from_body(FaultRecord, last.body) == record


def test_of_many_who_change_one_version_one_wins(desk: FaultDesk, database: OperationsDatabase) -> None:
    fault = ids(database)[0]

    def assign(crew: str) -> str | None:
        try:
            desk.perform(fault, Assign(crew=crew), who=crew, at_ms=1, expected_version=1)
        except VersionConflictError:
            return None
        return crew

    with ThreadPoolExecutor(8) as threads:
        winners = [crew for crew in threads.map(assign, [f"crew-{n}" for n in range(8)]) if crew]
    record = FaultRepository(database).get(fault)
    assert winners == [record.work.assignee]
    assert record.version == len(FaultRepository(database).history(fault)) == 2
