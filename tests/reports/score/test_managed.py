"""What people were told of: by where management has put the faults, or by its steps made afterwards."""

from pathlib import Path

from reports.score.raised import RaisedFault
from reports.score.stored import StoredReports
from rules.faults import FaultRaised
from rules.management.dependencies import Dependencies
from rules.management.step import step
from rules.management.topology import Topology
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.management import ManagementTables
from tests.rules.management.support import MINUTE_MS, START_MS, dependencies, small_city
from tests.store.operations.support import cleared, outcome, raised

LAMPS = [f"C-1-L-{number:02}" for number in range(1, 13)]
POINTS = [f"SW-1-W-{number}" for number in range(4)]


def _database(folder: Path) -> OperationsDatabase:
    database = OperationsDatabase.open(sqlite_url(folder / "operations.db"))
    DeviceRepository(database).replace(small_city(), who="test", at_ms=0)
    return database


def _silent(devices: list[str]) -> list[FaultRaised]:
    return [raised(one, rule="any.silent", since_ms=START_MS, detected_at_ms=START_MS) for one in devices]


def _told(faults: tuple[RaisedFault, ...]) -> list[tuple[str, str]]:
    return sorted((one.rule, one.device) for one in faults if not one.suppressed)


def test_run_without_a_leader_is_managed_afterwards(tmp_path: Path) -> None:
    database = _database(tmp_path)
    points = _silent(POINTS)
    cause = raised("C-1", rule="cabinet.supply_lost", kind="lighting-cabinet", since_ms=START_MS)
    DetectionTables(database).commit(outcome(cause, *points, *_silent(LAMPS)))
    ends = [cleared(one, at_ms=START_MS + 40 * MINUTE_MS) for one in points]
    DetectionTables(database).commit(outcome(*ends, number=2))

    faults = StoredReports(database).all().faults
    database.close()

    assert _told(faults) == [("cabinet.supply_lost", "C-1"), ("switch.offline", "SW-1")]
    assert len(faults) == 18
    [switch] = [one for one in faults if one.rule == "switch.offline"]
    assert (switch.kind, switch.why) == ("switch", "4 of 4 devices")
    assert switch.cleared_at_ms is not None


def test_run_with_a_leader_is_scored_as_it_was_managed(tmp_path: Path) -> None:
    database = _database(tmp_path)
    DetectionTables(database).commit(outcome(*_silent(POINTS)))
    known: Dependencies = dependencies()
    topology = Topology(small_city(), known.inferences.values())
    tables = ManagementTables(database)
    for minutes in (1, 30):
        now_ms = START_MS + minutes * MINUTE_MS
        tables.commit(step(tables.situation(known.named_parts), known, topology, now_ms), now_ms)

    faults = StoredReports(database).all().faults
    database.close()

    assert _told(faults) == [("switch.offline", "SW-1")]
    assert len({one.notified_as for one in faults if one.suppressed}) == 1
