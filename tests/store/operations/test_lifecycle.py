"""Time and telemetry act on faults at rest, as one pass of the leader's job after another."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from app.lifecycle_job import LifecycleJob
from app.management_job import ManagementJob
from devices.device import Device, Supply
from devices.entities.maintenance_windows import ENTITY as WINDOWS
from devices.entities.maintenance_windows import MaintenanceWindow
from devices.registry import Registry
from rules.faults import FaultRaised, Severity
from rules.lifecycle.deeds import Close, Comment, Deed, SetWork, Shelve, Unshelve
from rules.lifecycle.escalation import Escalation, Group
from rules.lifecycle.item import WorkState
from rules.lifecycle.neighbourhood import Neighbourhood
from rules.loading import load_rules
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.entities import EntityRepository
from store.operations.fault_desk import FaultDesk
from store.operations.fault_rows import LifeLedger
from store.operations.faults import FaultFilter, FaultRepository
from store.operations.incidents import IncidentFilter, IncidentRepository
from store.operations.lifecycle import LifecycleTables
from store.operations.records import FaultRecord
from tests.store.operations.support import cleared, outcome, raised

START_MS = 1_795_348_800_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
REGISTRY = Registry(
    [
        Device(id="C-1", kind="lighting-cabinet", area="tam-ky"),
        *(
            Device(
                id=f"L-{n}",
                kind="streetlight",
                area="tam-ky",
                powered_by=Supply(parent="C-1"),
                attributes={"rated_w": 60.0},
            )
            for n in range(4)
        ),
    ]
)
ESCALATIONS = (
    Escalation(to=Severity.MAJOR, after_ms=24 * HOUR_MS),
    Escalation(to=Severity.CRITICAL, group=Group.CABINET, count=3),
)
RULES = [replace(rule, escalations=ESCALATIONS) for rule in load_rules() if rule.id == "lamp.out"]


class Installation:
    """A store with a leader's job over it and people at the desk; its clock goes where it is told."""

    def __init__(self, database: OperationsDatabase) -> None:
        self.database = database
        self.faults = FaultRepository(database)
        self.now_ms = START_MS
        self._number = 0
        self.restart()

    def restart(self) -> None:
        self.job = LifecycleJob(self.database, lambda: REGISTRY, lambda: RULES, ZoneInfo("Asia/Ho_Chi_Minh"))

    def detect(self, *changes: FaultRaised, clears: tuple[FaultRaised, ...] = ()) -> None:
        self._number += 1
        ended = [cleared(fault, at_ms=self.now_ms) for fault in clears]
        DetectionTables(self.database).commit(outcome(*changes, *ended, number=self._number))
        self.job.run(self.now_ms)

    def do(self, fault: FaultRaised, deed: Deed, who: str = "anna") -> None:
        FaultDesk(self.database).perform(fault.id, deed, who=who, at_ms=self.now_ms)
        self.job.run(self.now_ms)

    def wait(self, milliseconds: int) -> None:
        self.now_ms += milliseconds
        self.job.run(self.now_ms)

    def get(self, fault: FaultRaised) -> FaultRecord:
        return self.faults.get(fault.id)

    def steps(self, fault: FaultRaised) -> list[str]:
        return [step.transition.value for step in self.faults.history(fault.id)]


@pytest.fixture
def here(database: OperationsDatabase) -> Installation:
    return Installation(database)


def lamp_out(number: int = 0, *, at_ms: int = START_MS) -> FaultRaised:
    return raised(f"L-{number}", since_ms=at_ms)


def test_reported_repair_is_verified_by_the_clearing(here: Installation) -> None:
    fault = lamp_out()
    here.detect(fault)
    here.do(fault, SetWork(state=WorkState.RESOLVED), who="crew-1")
    here.now_ms += HOUR_MS
    here.detect(clears=(fault,))

    assert here.steps(fault) == ["raised", "resolved", "cleared", "verified_by_telemetry"]
    assert here.faults.history(fault.id)[-1].who == "management"


def test_repair_of_a_lamp_waits_for_the_night_before_it_opens_again(here: Installation) -> None:
    fault = lamp_out()
    here.detect(fault)
    here.do(fault, SetWork(state=WorkState.RESOLVED), who="crew-1")
    here.wait(25 * HOUR_MS)
    assert here.get(fault).work.state is WorkState.RESOLVED
    here.wait(HOUR_MS)
    assert here.get(fault).work.state is WorkState.OPEN
    assert here.steps(fault)[-1] == "repair_not_verified"


def test_fault_nobody_touched_is_done_when_it_clears_without_another_row(here: Installation) -> None:
    fault = lamp_out()
    here.detect(fault)
    here.detect(clears=(fault,))
    assert here.steps(fault) == ["raised", "cleared"]
    assert here.get(fault).work.state is WorkState.VERIFIED
    assert not here.faults.list(FaultFilter(work=WorkState.OPEN)).items


def test_shelving_survives_a_restart_and_ends_by_itself(here: Installation) -> None:
    fault = lamp_out()
    here.detect(fault)
    here.do(fault, Shelve(until_ms=START_MS + HOUR_MS, once=False, comment="rain"))
    here.restart()
    here.wait(HOUR_MS - 1)
    assert [one.id for one in here.faults.list(FaultFilter(shelved=True)).items] == [fault.id]
    here.wait(MINUTE_MS)
    assert not here.get(fault).work.is_shelved
    assert here.faults.history(fault.id)[-1].why == {"reason": "time_is_up"}


def test_timed_shelving_passes_to_the_fault_that_returns_and_can_be_ended_there(here: Installation) -> None:
    first = lamp_out()
    here.detect(first)
    here.do(first, Shelve(until_ms=START_MS + HOUR_MS, once=False, comment="rain"))
    here.detect(clears=(first,))
    assert here.get(first).work.is_shelved
    second = lamp_out(at_ms=START_MS + MINUTE_MS)
    here.detect(second)

    assert here.get(second).work.shelved_until_ms == START_MS + HOUR_MS
    assert here.faults.history(first.id)[-1].why == {"reason": "passed_on"}
    here.do(second, Unshelve())
    here.wait(MINUTE_MS)
    assert here.steps(second) == ["raised", "shelved", "unshelved"]


def test_shelving_until_it_clears_does_not_hold_what_returns(here: Installation) -> None:
    first, second = lamp_out(), lamp_out(at_ms=START_MS + MINUTE_MS)
    here.detect(first)
    here.do(first, Shelve(until_ms=START_MS + HOUR_MS, once=True, comment="rain"))
    here.detect(clears=(first,))
    here.detect(second)
    assert here.steps(first)[-2:] == ["unshelved", "verified_by_telemetry"]
    assert here.faults.history(first.id)[-2].why == {"reason": "cleared"}
    assert not here.get(second).work.is_shelved


def test_closed_fault_whose_condition_holds_opens_again(here: Installation) -> None:
    fault = lamp_out()
    here.detect(fault)
    here.do(fault, Close(comment="not ours"))
    here.wait(9 * MINUTE_MS)
    assert here.get(fault).work.is_closed
    here.wait(MINUTE_MS)
    assert here.steps(fault) == ["raised", "closed", "reopened_by_condition"]


def maintain(here: Installation, until_ms: int) -> None:
    def moment(at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, UTC)

    window = MaintenanceWindow(
        id="mw-1",
        area="",
        devices=(),
        cabinets=("C-1",),
        reason="new lamps",
        requested_by="",
        valid_from=moment(START_MS),
        valid_to=moment(until_ms),
    )
    EntityRepository(here.database).replace(WINDOWS, [window], who="anna", at_ms=START_MS)


def test_window_hides_what_opens_inside_logs_it_and_gives_back_what_is_still_wrong(
    here: Installation,
) -> None:
    before = lamp_out(3, at_ms=START_MS - HOUR_MS)
    stays, clears = lamp_out(0), lamp_out(1)
    maintain(here, START_MS + HOUR_MS)
    here.detect(before, stays, clears)
    assert here.get(before).work.out_of_service is None
    assert {one.id for one in here.faults.list(FaultFilter(out_of_service=True)).items} == {
        stays.id,
        clears.id,
    }
    here.detect(clears=(clears,))
    here.wait(HOUR_MS)

    assert here.get(stays).work.out_of_service is None
    assert here.steps(stays) == ["raised", "out_of_service", "back_in_service"]
    log = LifecycleTables(here.database).hidden("mw-1").items
    assert {(one.fault.id, one.was_active) for one in log} == {(stays.id, True), (clears.id, False)}


def test_fault_grows_worse_with_time_as_one_fault(here: Installation) -> None:
    fault = lamp_out()
    here.detect(fault)
    here.wait(24 * HOUR_MS)
    assert here.get(fault).severity is Severity.MINOR  # 300 ms to go: it was raised after it began
    here.wait(MINUTE_MS)
    assert (here.get(fault).severity, here.faults.count()) == (Severity.MAJOR, 1)
    here.detect(lamp_out(1, at_ms=here.now_ms), lamp_out(2, at_ms=here.now_ms))
    assert here.get(fault).severity is Severity.CRITICAL
    assert here.faults.history(fault.id)[-1].why == {
        "from": "major",
        "to": "critical",
        "group": "cabinet",
        "count": 3,
    }
    assert here.steps(fault) == ["raised", "escalated", "escalated"]


def test_pass_over_a_settled_store_writes_nothing(here: Installation) -> None:
    fault = lamp_out()
    here.detect(fault)
    here.do(fault, SetWork(state=WorkState.RESOLVED), who="crew-1")
    here.detect(clears=(fault,))
    settled, version = here.job.settled, here.get(fault).version
    here.wait(HOUR_MS)
    here.restart()
    here.job.run(here.now_ms)
    assert (settled, here.get(fault).version) == (1, version)


def test_operators_work_is_measured_for_the_metrics(here: Installation) -> None:
    faults = [lamp_out(number) for number in range(3)]
    here.detect(*faults)
    here.do(faults[0], Shelve(until_ms=START_MS + HOUR_MS, once=False, comment="rain"))
    here.detect(clears=(faults[1],))
    here.wait(MINUTE_MS)
    told = {metric.name: metric.samples[0].value for metric in here.job.collect()}
    assert (told["ioc_faults_active"], told["ioc_faults_shelved"], told["ioc_faults_raised_hour"]) == (
        2,
        1,
        3,
    )
    assert "ioc_faults_acknowledge_seconds" not in told


def test_what_is_hidden_is_told_as_new_when_its_time_is_over(here: Installation) -> None:
    fault, hidden = lamp_out(3, at_ms=START_MS - HOUR_MS), lamp_out()
    maintain(here, START_MS + HOUR_MS)
    management = ManagementJob(here.database, lambda: REGISTRY, lambda: RULES)

    def told() -> set[str]:
        management.run(here.now_ms)
        return {one.cause for one in IncidentRepository(here.database).list(IncidentFilter()).items}

    here.detect(fault, hidden)
    told()
    here.wait(59 * MINUTE_MS)
    assert told() == {fault.id}
    here.wait(MINUTE_MS)
    assert told() == {fault.id, hidden.id}


def test_pass_after_a_change_reads_what_changed_and_not_all_that_is_active(
    database: OperationsDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = Installation(database)
    faults = [raised(f"L-{n}", since_ms=START_MS) for n in range(4)]
    city.detect(*faults)
    city.job.run(city.now_ms)  # what it changed itself is looked at once more
    whole: list[int] = []
    judged: list[str] = []
    unsettled, settle = LifecycleTables.unsettled, LifecycleTables.settle

    def reads_all(tables: LifecycleTables) -> Sequence[FaultRecord]:
        whole.append(1)
        return unsettled(tables)

    def judges(
        tables: LifecycleTables, records: Sequence[FaultRecord], around: Neighbourhood, now_ms: int
    ) -> int:
        judged.extend(record.device for record in records)
        return settle(tables, records, around, now_ms)

    monkeypatch.setattr(LifecycleTables, "unsettled", reads_all)
    monkeypatch.setattr(LifecycleTables, "settle", judges)
    other = raised("C-1", rule="cabinet.door_open", kind="lighting-cabinet", since_ms=START_MS)
    city.detect(other)
    city.do(other, Comment(comment="somebody looks"))
    city.detect(clears=(other,))
    assert (whole, set(judged)) == ([], {"C-1"})
    city.wait(MINUTE_MS)
    assert (whole, set(judged)) == ([], {"C-1", "L-0", "L-1", "L-2", "L-3"})
    city.wait(HOUR_MS)
    assert whole == [1]


def test_windows_that_are_not_on_are_not_asked_for_each_fault(
    database: OperationsDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = Installation(database)
    start = datetime.fromtimestamp((START_MS + HOUR_MS) / 1000, UTC)
    windows = [
        MaintenanceWindow(
            id=f"W-{number}",
            area="tam-ky",
            devices=(),
            reason="new lamps",
            requested_by="",
            valid_from=start,
            valid_to=start + timedelta(hours=1),
        )
        for number in range(3)
    ]
    EntityRepository(database).replace(WINDOWS, windows, who="anna", at_ms=START_MS)
    asked: list[str] = []
    until = MaintenanceWindow.until

    def counted(window: MaintenanceWindow, at: datetime, zone: ZoneInfo) -> datetime | None:
        asked.append(window.id)
        return until(window, at, zone)

    monkeypatch.setattr(MaintenanceWindow, "until", counted)
    city.detect(*(raised(f"L-{n}", since_ms=START_MS) for n in range(4)))
    assert sorted(asked) == ["W-0", "W-1", "W-2"]


def test_more_faults_than_a_transaction_takes_are_settled_in_several(
    database: OperationsDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.operations.lifecycle._AT_ONCE", 2)
    writes: list[int] = []
    write = LifeLedger.write

    def counted(ledger: LifeLedger, connection: Connection) -> dict[str, FaultRecord]:
        written = write(ledger, connection)
        writes.append(len(written))
        return written

    monkeypatch.setattr(LifeLedger, "write", counted)
    city = Installation(database)
    city.detect(*(raised(f"L-{n}", since_ms=START_MS) for n in range(3)))
    city.wait(25 * HOUR_MS)
    assert writes == [2, 1]
