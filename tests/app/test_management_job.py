"""The leader's job: looks when something changed or is due, and at nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.management_job import ManagementJob
from devices.registry import Registry
from rules.management.incident import IncidentState
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.incidents import IncidentFilter, IncidentRepository
from tests.rules.management.support import MINUTE_MS, START_MS, dependencies, small_city
from tests.store.operations.support import cleared, outcome, raised


@pytest.fixture
def operations(tmp_path: Path) -> Iterator[OperationsDatabase]:
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield database
    database.close()


def _job(operations: OperationsDatabase, registry: Registry) -> ManagementJob:
    rules = tuple(dependencies().rules.values())
    return ManagementJob(operations, lambda: registry, lambda: rules)


def _states(operations: OperationsDatabase) -> list[IncidentState]:
    return [one.state for one in IncidentRepository(operations).list(IncidentFilter()).items]


def test_job_opens_an_incident_when_the_wait_is_over_and_clears_it(operations: OperationsDatabase) -> None:
    job = _job(operations, small_city())
    fault = raised("C-1", rule="cabinet.supply_lost", kind="lighting-cabinet", since_ms=START_MS)
    DetectionTables(operations).commit(outcome(fault))

    job.run(START_MS + MINUTE_MS)
    assert _states(operations) == []
    job.run(START_MS + 20 * MINUTE_MS)  # nothing was committed since, but the wait is over
    assert _states(operations) == [IncidentState.OPEN]
    DetectionTables(operations).commit(outcome(cleared(fault, at_ms=START_MS + 30 * MINUTE_MS), number=2))
    job.run(START_MS + 30 * MINUTE_MS)

    assert _states(operations) == [IncidentState.CLEARED]


def test_job_of_a_new_leader_goes_on_where_the_old_one_stopped(operations: OperationsDatabase) -> None:
    DetectionTables(operations).commit(outcome(raised("C-1-L-01", rule="lamp.high_temperature")))
    _job(operations, small_city()).run(START_MS)

    _job(operations, small_city()).run(START_MS)

    assert _states(operations) == [IncidentState.OPEN]
    assert len(IncidentRepository(operations).changes_after(0, 10)) == 1


def test_job_says_how_many_faults_are_held(operations: OperationsDatabase) -> None:
    job = _job(operations, small_city())
    DetectionTables(operations).commit(outcome(raised("C-1-L-01", rule="lamp.high_temperature")))
    job.run(START_MS)

    [held] = job.collect()

    assert {sample.labels["hold"]: sample.value for sample in held.samples} == {
        "free": 1.0,
        "waiting": 0.0,
        "suppressed": 0.0,
    }
