"""Two hundred lamps behind a cabinet that loses its supply: from readings to one incident, and back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.management_job import ManagementJob
from devices.registry import Device, Phase, Registry, Supply
from devices.stream import Mark
from rules.loading import load_rules
from rules.management.incident import Incident, IncidentChange, IncidentState
from rules.management.notifiable import FaultState, notifiable
from rules.management.standing import Hold, Standing
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.faults import FaultFilter, FaultRepository
from store.operations.incidents import IncidentFilter, IncidentRepository
from store.operations.records import FaultRecord
from store.operations.records import FaultState as Lasting
from tests.rules.detection.support import MINUTE_MS, START_MS, Bench, Told, batch
from tests.store.operations.support import outcome

LAMPS = [f"L-{number:03}" for number in range(200)]
BROKEN = LAMPS[::40]
STEP_MS = 10_000
ALIVE = {"voltage_l1_v": 229.0, "voltage_l2_v": 230.0, "voltage_l3_v": 231.0}
DEAD = dict.fromkeys(ALIVE, 1.2)
PHASES = tuple(Phase)


def _registry() -> Registry:
    """A cabinet with two hundred lamps on a feeder that feeds another cabinet as well."""
    nominal: dict[str, Any] = {
        "attributes": {"nominal_v": 230.0},
        "interval_s": 60.0,
        "powered_by": Supply(parent="F"),
    }
    return Registry(
        [
            Device(id="IOC", kind="collector", area="ioc", interval_s=10.0),
            Device(id="F", kind="feeder", area="tam-ky"),
            *(Device(id=name, kind="lighting-cabinet", area="tam-ky", **nominal) for name in ("C", "C-2")),
            *(
                Device(
                    id=lamp,
                    kind="streetlight",
                    area="tam-ky",
                    street=f"Đường {number % 2 + 1}",
                    interval_s=60.0,
                    attributes={"rated_w": 60.0},
                    powered_by=Supply(parent="C", circuit=str(number % 4), phase=PHASES[number % 3]),
                )
                for number, lamp in enumerate(LAMPS)
            ),
        ]
    )


@dataclass
class Service:
    """Detection and management over one operations store, driven minute by minute."""

    database: OperationsDatabase
    registry: Registry = field(default_factory=_registry)
    minute: int = 0
    told_at_ms: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules = load_rules()
        self.bench = Bench(rules, self.registry.values())
        self.tables = DetectionTables(self.database)
        self.job = ManagementJob(self.database, lambda: self.registry, lambda: rules)
        self.incidents = IncidentRepository(self.database)
        self.commits = 0

    def run(self, minutes: int, lamps: list[str], volts: dict[str, float]) -> None:
        """Let so many minutes pass in which these lamps burn and speak, and the cabinet measures this."""
        for _ in range(minutes):
            at_ms = self.minute * MINUTE_MS
            burning = {"power_w": 60.0, "cmd_on": True, "dim_pct": 100.0}
            readings = [Told(at_ms, self.minute, device=lamp, values=burning) for lamp in lamps]
            cabinets = [
                Told(at_ms, self.minute, device="C", values=volts),
                Told(at_ms, self.minute, device="C-2", values=ALIVE),
            ]
            changes = self.bench.feed(
                *([batch(readings)] if readings else []), batch(cabinets, "lighting-cabinet")
            )
            for second_ms in range(STEP_MS, MINUTE_MS + 1, STEP_MS):
                now_ms = START_MS + at_ms + second_ms
                changes += self.bench.feed(Mark(now_ms, caught_up=True))
                self.commits += 1
                self.tables.commit(outcome(*changes, number=self.commits))
                changes = []
                self.job.run(now_ms)
            self.minute += 1

    def open(self) -> list[Incident]:
        return list(self.incidents.list(IncidentFilter(state=IncidentState.OPEN)).items)

    def active(self) -> dict[str, FaultRecord]:
        wanted = FaultFilter(state=Lasting.ACTIVE)
        return {one.id: one for one in FaultRepository(self.database).list(wanted, limit=1000).items}

    def standings(self) -> list[Standing]:
        return list(self.incidents.standings(list(self.active())).values())


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield Service(database)
    database.close()


def test_lamps_of_a_cabinet_without_supply_are_one_incident_and_raise_their_own_afterwards(
    service: Service,
) -> None:
    service.run(8, LAMPS, ALIVE)
    service.run(20, [], DEAD)

    [incident] = service.open()
    standings = service.standings()
    told = [one for one in standings if notifiable(FaultState(hold=one.hold), 0).is_notified]
    lamps = {one.id for one in service.active().values() if one.device in LAMPS}
    suppressed = [one for one in standings if one.hold is Hold.SUPPRESSED and one.fault in lamps]
    assert (incident.rule, incident.device, incident.severity) == ("cabinet.supply_lost", "C", "critical")
    assert incident.devices == 201
    assert incident.streets == ("Đường 1", "Đường 2")
    assert [one.fault for one in told] == [incident.cause]
    assert len(suppressed) == 200
    assert {one.suppressed_by for one in suppressed} == {incident.cause}
    assert {one.reason.en for one in suppressed if one.reason} == {"Caused by “Cabinet without supply” at C"}
    # Nothing else was ever told.
    assert len(service.incidents.list(IncidentFilter()).items) == 1

    working = [lamp for lamp in LAMPS if lamp not in BROKEN]
    back_ms = START_MS + service.minute * MINUTE_MS
    service.run(6, working, ALIVE)

    cleared = service.incidents.get(incident.id)
    assert cleared.state is IncidentState.CLEARED
    assert cleared.cleared_at_ms is not None
    assert sorted(one.device for one in service.open()) == BROKEN
    assert {one.rule for one in service.open()} == {"any.silent"}
    # The cabinet's own fault is over a minute after its voltage is back; then each has one interval.
    assert cleared.cleared_at_ms - back_ms <= 2 * MINUTE_MS
    assert all(one.opened_at_ms - cleared.cleared_at_ms <= MINUTE_MS for one in service.open())
    changes = [one.change for one in service.incidents.history(incident.id)]
    assert changes[0] is IncidentChange.OPENED
    assert changes[-2:] == [IncidentChange.CLEARED, IncidentChange.UNSUPPRESSED]
    assert len(service.active()) == len(BROKEN)
