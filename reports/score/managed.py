"""What people would have been told of raised faults: management's own steps, over all that was raised."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from devices.catalogue import kinds
from devices.device import Device
from devices.registry import Registry
from reports.score.raised import RaisedFault
from rules.management.dependencies import Dependencies
from rules.management.replay import Spell, replayed
from rules.management.standing import Hold, Standing
from rules.management.topology import Topology
from rules.rule import Rule

__all__ = ["told", "told_afterwards"]

_CENTRE = "collector"


def told(faults: Iterable[RaisedFault], standings: Mapping[str, Standing]) -> list[RaisedFault]:
    """Faults with whether people were told of them, by where management has put them."""
    return [_told(fault, standings.get(fault.id)) for fault in faults]


def told_afterwards(
    faults: Sequence[RaisedFault], spells: Iterable[Spell], registry: Registry, rules: Iterable[Rule]
) -> list[RaisedFault]:
    """Faults of a run in which nobody managed, as people would have been told; inferred ones among them."""
    dependencies = Dependencies.among(rules)
    centre = Device(id=_CENTRE, kind=_CENTRE, area="ioc", interval_s=kinds()[_CENTRE].interval_s)
    known = registry if any(one.kind == _CENTRE for one in registry.values()) else _with(registry, centre)
    replay = replayed(spells, dependencies, Topology(known, dependencies.inferences.values()))
    inferred = [
        RaisedFault(
            id=raised.id,
            rule=raised.rule,
            device=raised.device,
            kind=raised.kind,
            since_ms=raised.since_ms,
            raised_at_ms=raised.raised_at_ms,
            detected_at_ms=raised.detected_at_ms,
            cleared_at_ms=ended_at_ms,
            why=str(raised.why["values"]),
        )
        for raised, ended_at_ms in replay.inferred.values()
    ]
    return told([*faults, *inferred], replay.standings)


def _told(fault: RaisedFault, standing: Standing | None) -> RaisedFault:
    if standing is None:
        return fault
    if standing.told_at_ms is not None:
        # Told once for itself, whatever it was found to be a part of later.
        return fault
    return replace(fault, suppressed=standing.hold is not Hold.FREE, incident=standing.incident or "")


def _with(registry: Registry, centre: Device) -> Registry:
    return Registry([*registry.values(), centre])
