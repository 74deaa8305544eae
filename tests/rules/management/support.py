"""A small city with parents of every sort, faults in it, and a store in memory that steps are written to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from devices.registry import Device, Phase, Registry, Supply
from rules.faults import fault_id
from rules.loading import load_rules
from rules.management.dependencies import Dependencies
from rules.management.incident import Incident, IncidentState, IncidentStep
from rules.management.situation import ActiveFault, Decisions, Situation
from rules.management.standing import Hold, Standing
from rules.management.step import step
from rules.management.topology import Topology

START_MS = 1_795_000_200_000
SECOND_MS = 1_000
MINUTE_MS = 60_000
PHASES = tuple(Phase)


def lamp(number: int, cabinet: str = "C-1", **changed: Any) -> Device:
    """A lamp that reports every minute; lamps take the phases in turn, the first half is on circuit 1."""
    supply = Supply(parent=cabinet, circuit="1" if number <= 6 else "2", phase=PHASES[number % 3])
    plain: dict[str, Any] = {"area": "tam-ky", "interval_s": 60.0, "attributes": {"rated_w": 60.0}}
    own = {"powered_by": supply, "street": "Phan Bội Châu", "people_served": 10}
    return Device(id=f"{cabinet}-L-{number:02}", kind="streetlight", **(plain | own | changed))


def cabinet(device_id: str, feeder: str | None = "F-1") -> Device:
    supply = Supply(parent=feeder) if feeder is not None else None
    return Device(
        id=device_id,
        kind="lighting-cabinet",
        area="tam-ky",
        interval_s=60.0,
        powered_by=supply,
        attributes={"nominal_v": 230.0},
    )


def point(number: int, switch: str, feeder: str | None = None) -> Device:
    supply = Supply(parent=feeder) if feeder is not None else None
    return Device(
        id=f"{switch}-W-{number}",
        kind="wifi-ap",
        area="ban-thach",
        interval_s=60.0,
        uplink=switch,
        powered_by=supply,
    )


def small_city(*more: Device) -> Registry:
    """Two cabinets on a feeder, twelve lamps each; a trunk switch with two switches of four points each."""
    return Registry(
        [
            Device(id="IOC", kind="collector", area="ioc", interval_s=10.0),
            Device(id="F-1", kind="feeder", area="tam-ky"),
            Device(id="SW-0", kind="switch", area="ban-thach"),
            Device(id="SW-1", kind="switch", area="ban-thach", uplink="SW-0"),
            Device(id="SW-2", kind="switch", area="ban-thach", uplink="SW-0"),
            *(cabinet(name) for name in ("C-1", "C-2")),
            *(lamp(number, name) for name in ("C-1", "C-2") for number in range(1, 13)),
            *(point(number, switch) for switch in ("SW-1", "SW-2") for number in range(4)),
            *more,
        ]
    )


@cache
def dependencies() -> Dependencies:
    return Dependencies.among(load_rules())


@dataclass
class Office:
    """Management with its memory: what a store keeps, changed only by what steps decide."""

    registry: Registry = field(default_factory=small_city)
    active: dict[str, ActiveFault] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    history: list[IncidentStep] = field(default_factory=list)
    now_ms: int = START_MS

    def __post_init__(self) -> None:
        self.topology = Topology(self.registry, dependencies().inferences.values())

    def raise_(self, rule: str, *devices: str, since_ms: int = START_MS, **why: Any) -> list[ActiveFault]:
        found = [self._fault(rule, device, since_ms, why) for device in devices]
        self.active |= {one.id: one for one in found}
        return found

    def _fault(self, rule: str, device: str, since_ms: int, why: Mapping[str, Any]) -> ActiveFault:
        known = dependencies().rules[rule]
        kind = self.registry[device].kind
        return ActiveFault(
            id=fault_id(rule, device, since_ms),
            rule=rule,
            device=device,
            kind=kind,
            area=self.registry[device].area,
            title=known.title,
            severity=known.severity_of(kind),
            since_ms=since_ms,
            detected_at_ms=self.now_ms,
            why=why,
        )

    def clear(self, faults: Iterable[ActiveFault]) -> None:
        for one in faults:
            self.active.pop(one.id, None)

    def step(self, after_ms: int = 0) -> Decisions:
        """One step, so much later; written down."""
        self.now_ms += after_ms
        decided = step(self.situation(), dependencies(), self.topology, self.now_ms)
        self.active |= {one.id: ActiveFault.of(one) for one in decided.raised}
        for gone in decided.cleared:
            self.active.pop(gone.id, None)
        self.standings |= {one.fault: one for one in decided.standings}
        self.incidents |= {one.incident.id: one.incident for one in decided.incidents}
        self.history += decided.incidents
        return decided

    def run(self, for_ms: int, every_ms: int = 10 * SECOND_MS) -> None:
        """Steps again and again."""
        for _ in range(for_ms // every_ms):
            self.step(every_ms)

    def situation(self) -> Situation:
        live = {fault: one for fault, one in self.standings.items() if one.is_live}
        kept = {
            one.id: one
            for one in self.incidents.values()
            if one.state is not IncidentState.CLEARED and one.cause in live
        }
        return Situation(active=dict(self.active), standings=live, incidents=kept)

    def holds(self) -> dict[Hold, int]:
        live = [one for one in self.standings.values() if one.is_live]
        return {hold: sum(one.hold is hold for one in live) for hold in Hold}

    def open(self) -> list[Incident]:
        return [one for one in self.incidents.values() if one.state is IncidentState.OPEN]

    def changes(self) -> list[tuple[str, str]]:
        return [(one.incident.device, one.change.value) for one in self.history]

    def of(self, fault: ActiveFault) -> Standing:
        return self.standings[fault.id]

    def inferred(self) -> list[tuple[str, str]]:
        return sorted(
            (one.rule, one.device) for one in self.active.values() if one.rule in dependencies().inferences
        )
