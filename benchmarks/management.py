"""How long a management step takes: `python -m benchmarks.management` (100,000 devices, 5,000 active faults).

In memory: the step alone. At rest: reading the situation from an SQLite file, the step, writing it down.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from devices.registry import Device, Phase, Registry, Supply
from rules.faults import FaultRaised, fault_id
from rules.loading import load_rules
from rules.management.dependencies import Dependencies
from rules.management.situation import ActiveFault, Situation
from rules.management.step import step
from rules.management.topology import Topology
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection_changes import write_changes
from store.operations.management import ManagementTables

_CABINETS = 500
_LAMPS = 190  # a cabinet
_SWITCHES = 400
_POINTS = 11  # a switch
_DARK_CABINETS = 20
_DOWN_SWITCHES = 40
_START_MS = 1_795_000_000_000
_LATER_MS = _START_MS + 3_600_000
_PHASES = tuple(Phase)
_T = TypeVar("_T")


def main() -> None:
    """Measure and print."""
    registry = Registry(_city())
    dependencies = Dependencies.among(load_rules())
    raised = list(_faults(registry, dependencies))
    print(f"{len(registry):,} devices, {len(raised):,} active faults")
    topology = _timed("topology", lambda: _warm(Topology(registry, dependencies.inferences.values())))
    situation = Situation(active={one.id: ActiveFault.of(one) for one in raised})
    for name in ("first step", "again, chains known"):
        _timed(name, lambda: step(situation, dependencies, topology, _START_MS + 1))
    with tempfile.TemporaryDirectory() as folder:
        database = OperationsDatabase.open(sqlite_url(Path(folder) / "operations.db"))
        with database.write() as connection:
            write_changes(connection, raised)
        tables = ManagementTables(database)

        def run(now_ms: int) -> None:
            decided = step(tables.situation(dependencies.named_parts), dependencies, topology, now_ms)
            tables.commit(decided, now_ms)

        _timed("at rest: all faults new", lambda: run(_START_MS + 1))
        _timed("at rest: all that waited are told", lambda: run(_LATER_MS))
        _timed("at rest: nothing new", lambda: run(_LATER_MS + 1))
        database.close()


def _city() -> Iterator[Device]:
    yield Device(id="IOC", kind="collector", area="ioc", interval_s=10.0)
    for number in range(_CABINETS // 5):
        yield Device(id=f"F-{number}", kind="feeder", area="a")
    for number in range(_CABINETS):
        yield Device(
            id=f"C-{number}",
            kind="lighting-cabinet",
            area="a",
            powered_by=Supply(parent=f"F-{number // 5}"),
            attributes={"nominal_v": 230.0},
        )
        for lamp in range(_LAMPS):
            supply = Supply(parent=f"C-{number}", circuit=str(lamp % 2), phase=_PHASES[lamp % 3])
            yield Device(
                id=f"C-{number}-L-{lamp}",
                kind="streetlight",
                area="a",
                street=f"Street {number}",
                powered_by=supply,
                attributes={"rated_w": 60.0},
            )
    for number in range(_SWITCHES):
        yield Device(id=f"SW-{number}", kind="switch", area="a", uplink=None)
        for point in range(_POINTS):
            yield Device(id=f"SW-{number}-W-{point}", kind="wifi-ap", area="a", uplink=f"SW-{number}")


def _faults(registry: Registry, dependencies: Dependencies) -> Iterator[FaultRaised]:
    """Cabinets without supply with their lamps, switches with their points, and lamps of their own."""
    for number in range(_DARK_CABINETS):
        yield _fault(registry, dependencies, "cabinet.supply_lost", f"C-{number}")
        for lamp in range(_LAMPS):
            yield _fault(registry, dependencies, "any.silent", f"C-{number}-L-{lamp}")
    for number in range(_DOWN_SWITCHES):
        for point in range(_POINTS):
            yield _fault(registry, dependencies, "any.silent", f"SW-{number}-W-{point}")
    for number in range(740):
        device = f"C-{_DARK_CABINETS + 5 + number % 400}-L-{number // 400}"
        yield _fault(registry, dependencies, "lamp.out", device)


def _fault(registry: Registry, dependencies: Dependencies, rule: str, device: str) -> FaultRaised:
    known, own = dependencies.rules[rule], registry[device]
    return FaultRaised(
        id=fault_id(rule, device, _START_MS),
        rule=rule,
        rule_version=known.version,
        title=known.title,
        device=device,
        kind=own.kind,
        area=own.area,
        severity=known.severity_of(own.kind),
        since_ms=_START_MS,
        raised_at_ms=_START_MS,
        detected_at_ms=_START_MS,
    )


def _warm(topology: Topology) -> Topology:
    _ = topology.sizes, topology.below, topology.slowest("feeder.offline", "F-0")
    return topology


def _timed(name: str, work: Callable[[], _T]) -> _T:
    began_s = time.perf_counter()
    result = work()
    print(f"{name:<36} {(time.perf_counter() - began_s) * 1000:8.0f} ms")
    return result


if __name__ == "__main__":
    main()
