"""Incidents at rest: written as a whole, found again, followed in order of revision."""

import pytest

from rules.faults import FaultRaised
from rules.lifecycle.deeds import Acknowledge, Comment, Shelve
from rules.management.dependencies import Dependencies
from rules.management.incident import IncidentChange, IncidentState
from rules.management.situation import Decisions
from rules.management.standing import Hold
from rules.management.step import step
from rules.management.topology import Topology
from store.operations.changes import ChangeFeed
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.errors import NoSuchRecordError
from store.operations.fault_desk import FaultDesk
from store.operations.faults import FaultFilter, FaultRepository
from store.operations.incident_records import IncidentRecord
from store.operations.incidents import IncidentFilter, IncidentRepository
from store.operations.management import ManagementTables
from store.operations.records import ChangeType, FaultState, from_body
from store.operations.told_incidents import TellableIncidents
from tests.rules.management.support import MINUTE_MS, START_MS, dependencies, small_city
from tests.store.operations.support import cleared, outcome, raised

LAMPS = [f"C-1-L-{number:02}" for number in range(1, 13)]
REGISTRY = small_city()


def _managed(database: OperationsDatabase, now_ms: int) -> Decisions:
    known: Dependencies = dependencies()
    tables = ManagementTables(database)
    decided = step(
        tables.situation(known.named_parts), known, Topology(REGISTRY, known.inferences.values()), now_ms
    )
    tables.commit(decided, now_ms)
    return decided


def _supply_lost() -> FaultRaised:
    return raised("C-1", rule="cabinet.supply_lost", kind="lighting-cabinet", since_ms=START_MS)


def _silent(devices: list[str]) -> list[FaultRaised]:
    return [raised(device, rule="any.silent", since_ms=START_MS) for device in devices]


def test_incident_of_a_cabinet_is_found_with_its_faults_and_its_history(database: OperationsDatabase) -> None:
    cause, lamps = _supply_lost(), _silent(LAMPS)
    DetectionTables(database).commit(outcome(cause, *lamps))
    repository = IncidentRepository(database)

    _managed(database, START_MS + MINUTE_MS)
    assert repository.list(IncidentFilter()).items == []
    assert repository.counts() == {Hold.WAITING: 1, Hold.SUPPRESSED: 12}
    _managed(database, START_MS + 20 * MINUTE_MS)

    [incident] = repository.list(IncidentFilter(state=IncidentState.OPEN, device="C-1")).items
    assert (incident.number, incident.cause, incident.faults, incident.streets) == (
        1,
        cause.id,
        13,
        ("Phan Bội Châu",),
    )
    assert repository.get(incident.id) == incident
    assert len(repository.faults(incident.id).items) == 13
    standing = repository.standings([lamps[0].id])[lamps[0].id]
    assert (standing.hold, standing.suppressed_by, standing.incident) == (
        Hold.SUPPRESSED,
        cause.id,
        incident.id,
    )
    [event] = repository.history(incident.id)
    assert (event.change, event.incident) == (IncidentChange.OPENED, incident)
    assert event.revision == incident.revision


def test_changes_of_incidents_are_followed_by_revision_and_in_the_feed(database: OperationsDatabase) -> None:
    cause = _supply_lost()
    DetectionTables(database).commit(outcome(cause, *_silent(LAMPS[:2])))
    _managed(database, START_MS + 20 * MINUTE_MS)
    DetectionTables(database).commit(outcome(*_silent(LAMPS[2:]), number=2))
    _managed(database, START_MS + 21 * MINUTE_MS)
    DetectionTables(database).commit(outcome(cleared(cause, at_ms=START_MS + 30 * MINUTE_MS), number=3))
    _managed(database, START_MS + 30 * MINUTE_MS)
    repository = IncidentRepository(database)

    events = repository.changes_after(0, 100)

    assert [one.change.value for one in events] == ["opened", "grown", "cleared", "unsuppressed"]
    assert [one.incident.version for one in events] == [1, 2, 3, 4]
    revisions = [one.revision for one in events]
    assert revisions == sorted(set(revisions))
    assert repository.changes_after(revisions[0], 1)[0].change is IncidentChange.GROWN
    told = [one for one in ChangeFeed(database).after(0, 100) if one.type is ChangeType.INCIDENT]
    assert [one.revision for one in told] == revisions
    assert from_body(IncidentRecord, told[0].body) == events[0].incident


def test_fault_of_a_passive_asset_is_a_fault_like_others(database: OperationsDatabase) -> None:
    points = _silent([f"SW-1-W-{number}" for number in range(4)])
    DetectionTables(database).commit(outcome(*points))
    _managed(database, START_MS + 5 * MINUTE_MS)

    [found] = [
        one for one in FaultRepository(database).list(FaultFilter()).items if one.rule == "switch.offline"
    ]
    assert (found.device, found.kind, found.state) == ("SW-1", "switch", FaultState.ACTIVE)
    assert FaultRepository(database).why(found.id)["values"] == "4 of 4 devices"

    ends = [cleared(one, at_ms=START_MS + 10 * MINUTE_MS) for one in points]
    DetectionTables(database).commit(outcome(*ends, number=2))
    _managed(database, START_MS + 11 * MINUTE_MS)

    assert FaultRepository(database).get(found.id).state is FaultState.CLEARED


def test_step_repeated_on_what_was_written_changes_nothing(database: OperationsDatabase) -> None:
    DetectionTables(database).commit(outcome(_supply_lost(), *_silent(LAMPS)))
    _managed(database, START_MS + 20 * MINUTE_MS)
    newest = ChangeFeed(database).last_revision()

    again = _managed(database, START_MS + 20 * MINUTE_MS)

    assert again.is_empty
    assert ChangeFeed(database).last_revision() == newest


def test_incident_that_does_not_exist_is_named(database: OperationsDatabase) -> None:
    with pytest.raises(NoSuchRecordError, match="incident"):
        IncidentRepository(database).get("5d8f37c0-0000-5000-8000-000000000000")
    with pytest.raises(NoSuchRecordError, match="incident"):
        IncidentRepository(database).history("5d8f37c0-0000-5000-8000-000000000000")


def test_incident_whose_cause_is_shelved_is_told_as_hidden(database: OperationsDatabase) -> None:
    cause = _supply_lost()
    DetectionTables(database).commit(outcome(cause))
    _managed(database, START_MS + MINUTE_MS)
    _managed(database, START_MS + 20 * MINUTE_MS)
    told = TellableIncidents(database)
    ids, _ = told.changed_after(0, 10)
    assert [one.is_hidden for one in told.now(sorted(ids))] == [False]
    at_ms = START_MS + 21 * MINUTE_MS
    shelving = Shelve(until_ms=at_ms + MINUTE_MS, once=False, comment="known")
    FaultDesk(database).perform(cause.id, shelving, who="duty", at_ms=at_ms)
    assert [one.is_hidden for one in told.now(sorted(ids))] == [True]


def test_what_is_done_to_the_fault_at_an_incidents_head_is_a_change_of_it(
    database: OperationsDatabase,
) -> None:
    detection, told = DetectionTables(database), TellableIncidents(database)
    cause, lamps = _supply_lost(), _silent(LAMPS)
    detection.commit(outcome(cause, *lamps))
    _managed(database, START_MS)
    _managed(database, START_MS + 30 * MINUTE_MS)
    [incident] = IncidentRepository(database).list(IncidentFilter()).items
    changed, position = told.changed_after(0, 1_000)
    assert set(changed) == {incident.id}
    assert position == ChangeFeed(database).last_revision()
    assert told.changed_after(position, 1_000) == ((), position)
    desk = FaultDesk(database)
    desk.perform(lamps[0].id, Acknowledge(), who="anna", at_ms=START_MS)
    changed, position = told.changed_after(position, 1_000)
    assert set(changed) == set()
    desk.perform(cause.id, Acknowledge(), who="anna", at_ms=START_MS)
    desk.perform(cause.id, Comment(comment="on the way"), who="anna", at_ms=START_MS)
    assert told.changed_after(position, 1) == ({incident.id}, position + 1)
    assert told.changed_after(position, 1_000) == ({incident.id}, position + 2)
