"""What detection commits is there once, however often it is offered."""

from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import select

from devices.registry import Registry
from devices.stream import Position
from rules.detection.outcome import DetectionStore, Snapshot
from rules.lifecycle.deeds import Acknowledge
from store.operations.changes import ChangeFeed
from store.operations.database import OperationsDatabase
from store.operations.dead_letters import DeadLetterFilter, DeadLetterRepository
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.errors import StalePositionError
from store.operations.fault_desk import FaultDesk
from store.operations.faults import FaultFilter, FaultRepository
from store.operations.latest import LatestRepository
from store.operations.records import FaultState, Transition
from store.operations.tables import metadata
from store.operations.violations import ViolationFilter, ViolationRepository
from tests.store.operations.support import (
    CAMERA,
    JOURNAL,
    LAMP,
    PLATE,
    cleared,
    lamp_readings,
    letters,
    outcome,
    raised,
    statuses,
    suspected,
)  # fmt: skip


@pytest.fixture
def tables(database: OperationsDatabase) -> DetectionTables:
    return DetectionTables(database)


@pytest.fixture
def faults(database: OperationsDatabase) -> FaultRepository:
    return FaultRepository(database)


@pytest.fixture
def latest(database: OperationsDatabase) -> LatestRepository:
    return LatestRepository(database)


def contents(database: OperationsDatabase) -> dict[str, list[Any]]:
    with database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


def test_tables_are_the_store_that_detection_asks_for(tables: DetectionTables) -> None:
    store: DetectionStore = tables
    assert store.load("never seen") == Snapshot(None)


def test_load_returns_the_last_position_and_every_touched_state(tables: DetectionTables) -> None:
    tables.commit(outcome(number=5, states={"a": b"1", "b": b"1"}))
    tables.commit(outcome(number=9, states={"b": b"2"}))
    tables.commit(outcome(number=2, states={"a": b"other"}, journal="journal-2"))

    assert tables.load(JOURNAL) == Snapshot(Position(JOURNAL, 9), {"a": b"1", "b": b"2"}, b"engine")


def test_commit_of_the_same_outcome_again_changes_nothing(
    tables: DetectionTables, database: OperationsDatabase
) -> None:
    fault = raised()
    whole = outcome(
        fault,
        cleared(fault),
        raised("TK-L-0002"),
        suspected(),
        number=4,
        states={LAMP: b"state"},
        latest=[lamp_readings({"measured_at": 1, "power_w": 60.0})],
        statuses=statuses((LAMP, True, 1), (LAMP, False, 2)),
        dead_letters=letters((4, "schema", b"a"), (4, "schema", b"a")),
    )
    tables.commit(whole)
    before = contents(database)
    tables.commit(whole)

    assert contents(database) == before


def test_commit_behind_the_committed_position_is_refused_and_writes_nothing(
    tables: DetectionTables, database: OperationsDatabase
) -> None:
    tables.commit(outcome(number=7))
    before = contents(database)

    with pytest.raises(StalePositionError, match=r"committed entry 7 and cannot go back to 6"):
        tables.commit(outcome(raised(), number=6))
    assert contents(database) == before


def test_commit_without_position_is_refused(tables: DetectionTables) -> None:
    empty = outcome()
    with pytest.raises(ValueError, match="position"):
        tables.commit(type(empty)(Snapshot(None), (), (), empty.statuses, empty.dead_letters))


def test_commit_that_fails_half_way_leaves_nothing(
    tables: DetectionTables, database: OperationsDatabase
) -> None:
    tables.commit(outcome(number=1))
    before = contents(database)
    broken = raised(severity=None)

    with pytest.raises(Exception, match=r"NOT NULL|null value"):
        tables.commit(outcome(broken, number=2, states={LAMP: b"new"}))
    assert contents(database) == before


def test_raised_fault_is_active_with_its_number_and_explanation(
    tables: DetectionTables, faults: FaultRepository
) -> None:
    why = MappingProxyType({"expression": "m.power_w < 6", "peak": float("nan")})
    tables.commit(outcome(raised(why=why), raised("TK-L-0002")))

    assert faults.count() == 2
    first, second = reversed(faults.list(FaultFilter()).items)
    assert (first.number, first.device, second.number, second.device) == (1, LAMP, 2, "TK-L-0002")
    assert first.state is FaultState.ACTIVE
    assert first.title.vi == "Đèn không sáng"
    assert faults.why(first.id) == {"expression": "m.power_w < 6", "peak": None}


def test_cleared_fault_keeps_both_explanations_in_its_history(
    tables: DetectionTables, faults: FaultRepository
) -> None:
    fault = raised()
    tables.commit(outcome(fault, number=1))
    tables.commit(outcome(cleared(fault, at_ms=9_000), number=2))

    record = faults.get(fault.id)
    assert (record.state, record.cleared_at_ms, record.version) == (FaultState.CLEARED, 9_000, 2)
    steps = faults.history(fault.id)
    assert [step.transition for step in steps] == [Transition.RAISED, Transition.CLEARED]
    assert {step.who for step in steps} == {"detection"}
    assert steps[1].why == {"values": [{"power_w": 55.0}]}


def test_raising_a_cleared_fault_again_leaves_it_cleared(
    tables: DetectionTables, faults: FaultRepository
) -> None:
    fault = raised()
    tables.commit(outcome(fault, cleared(fault), number=1))
    tables.commit(outcome(fault, number=2))

    assert faults.get(fault.id).state is FaultState.CLEARED
    assert len(faults.history(fault.id)) == 2


def test_replay_keeps_what_people_did(
    tables: DetectionTables, faults: FaultRepository, database: OperationsDatabase
) -> None:
    fault = raised()
    tables.commit(outcome(fault))
    FaultDesk(database).perform(fault.id, Acknowledge(), who="anna", at_ms=2_000)
    tables.commit(outcome(fault))
    tables.commit(outcome(cleared(fault), number=2))

    record = faults.get(fault.id)
    assert (record.acknowledged_by, record.state, record.version) == ("anna", FaultState.CLEARED, 3)


def test_clearing_a_fault_that_was_never_raised_is_ignored(
    tables: DetectionTables, faults: FaultRepository
) -> None:
    tables.commit(outcome(cleared(raised())))
    assert not faults.list(FaultFilter()).items


def test_violation_takes_its_kind_from_the_registry_and_keeps_the_whole_plate(
    tables: DetectionTables, database: OperationsDatabase, registry: Registry
) -> None:
    DeviceRepository(database).replace(registry, who="import", at_ms=1)
    tables.commit(outcome(suspected()))

    violations = ViolationRepository(database)
    [violation] = violations.list(ViolationFilter()).items
    assert violations.count() == 1
    assert (violation.device, violation.kind, violation.plate) == (CAMERA, "traffic-camera", PLATE)
    assert violation.state.value == "suspected"
    assert violation.measured == {"speed_kmh": 71.5, "limit_kmh": 50.0}


def test_feed_has_every_change_in_order_and_no_whole_plate(
    tables: DetectionTables, database: OperationsDatabase
) -> None:
    fault = raised()
    tables.commit(outcome(fault, cleared(fault), number=1))
    tables.commit(outcome(suspected(), number=2))

    feed = ChangeFeed(database)
    changes = feed.after(0, 10)
    assert [(c.revision, c.type.value, c.change) for c in changes] == [
        (1, "fault", "raised"), (2, "fault", "cleared"), (3, "violation", "suspected"),
    ]  # fmt: skip
    assert [c.revision for c in feed.after(1, 1)] == [2]
    assert feed.last_revision() == 3
    assert changes[0].body["state"] == "active"
    assert PLATE not in str(changes[2].body)
    assert "92A12345" not in str(changes[2].body)


def test_latest_keeps_the_newer_reading_and_only_reported_fields(
    tables: DetectionTables, latest: LatestRepository
) -> None:
    new = lamp_readings(
        {"measured_at": 2_000, "received_at": 2_010, "seq": 2, "power_w": float("nan"), "cmd_on": True}
    )
    late = lamp_readings({"measured_at": 1_000, "received_at": 2_020, "seq": 1, "power_w": 1.0})
    tables.commit(outcome(number=1, latest=[new]))
    tables.commit(outcome(number=2, latest=[late]))

    reading = latest.get(LAMP)
    assert reading is not None
    assert (reading.measured_at_ms, reading.seq, reading.values) == (2_000, 2, {"cmd_on": True})
    assert latest.get("TK-L-0002") is None


def test_status_since_moves_only_when_the_word_changes(
    tables: DetectionTables, latest: LatestRepository
) -> None:
    tables.commit(outcome(number=1, statuses=statuses((LAMP, False, 10), (LAMP, True, 20), (LAMP, True, 30))))
    tables.commit(outcome(number=2, statuses=statuses((LAMP, True, 40))))
    status = latest.status(LAMP)
    assert status is not None
    assert (status.online, status.since_ms, status.received_at_ms) == (True, 20, 40)

    tables.commit(outcome(number=3, statuses=statuses((LAMP, False, 50))))
    tables.commit(outcome(number=4, statuses=statuses((LAMP, True, 45))))
    status = latest.status(LAMP)
    assert status is not None
    assert (status.online, status.since_ms) == (False, 50)


def test_dead_letters_are_counted_by_reason(tables: DetectionTables, database: OperationsDatabase) -> None:
    tables.commit(
        outcome(dead_letters=letters((1, "schema", b"{}"), (1, "not_json", b"\xff"), (2, "schema", b"{}")))
    )
    repository = DeadLetterRepository(database)

    assert repository.counts() == {"not_json": 1, "schema": 2}
    page = repository.list(DeadLetterFilter(reason="schema"), limit=1)
    assert page.items[0].payload == b"{}"
    assert repository.list(DeadLetterFilter(reason="schema"), before=page.next_after).next_after is None
