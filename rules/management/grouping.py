"""From faults and their causes to incidents: which begin, grow, merge, reopen and end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from devices.description import Label
from rules.faults import Severity
from rules.management.incident import (
    Incident,
    IncidentChange,
    IncidentState,
    IncidentStep,
    incident_id,
    worst,
)
from rules.management.inference import inferences
from rules.management.situation import ActiveFault, Situation
from rules.management.standing import Hold, Standing
from rules.management.topology import Topology

__all__ = ["grouped"]

_Grouped = tuple[list[IncidentStep], dict[str, Standing]]


def grouped(
    situation: Situation,
    active: Mapping[str, ActiveFault],
    standings: Mapping[str, Standing],
    explained: Mapping[str, ActiveFault],
    topology: Topology,
    now_ms: int,
) -> _Grouped:
    """The changes of incidents, and the standings with the incidents that faults now belong to."""
    roots = _roots(active, explained)
    members: defaultdict[str, list[ActiveFault]] = defaultdict(list)
    placed: dict[str, Standing] = {}
    for fault_id, standing in standings.items():
        root = roots[fault_id]
        is_told = standings[root.id].hold is Hold.FREE
        if is_told:
            members[root.id].append(active[fault_id])
        incident = incident_id(root.id) if is_told else standing.incident
        placed[fault_id] = standing if incident == standing.incident else replace(standing, incident=incident)
    joined = _joined(situation, placed)
    steps = [*_ended(situation, active, placed, now_ms), *_merged(situation, active, roots, standings)]
    for root_id in sorted(members, key=lambda one: (active[one].since_ms, one)):
        own = incident_id(root_id)
        steps += _standing_incident(
            situation.incidents.get(own), active[root_id], members[root_id], joined[own], (topology, now_ms)
        )
    return steps, placed


def _roots(active: Mapping[str, ActiveFault], explained: Mapping[str, ActiveFault]) -> dict[str, ActiveFault]:
    """The fault at the head of each one's chain of causes."""
    found: dict[str, ActiveFault] = {}
    for fault in active.values():
        chain = [fault]
        while chain[-1].id in explained and chain[-1].id not in found:
            chain.append(explained[chain[-1].id])
        root = found.get(chain[-1].id, chain[-1])
        found |= {one.id: root for one in chain}
    return found


def _joined(situation: Situation, placed: Mapping[str, Standing]) -> Mapping[str | None, int]:
    """How many faults came to each incident in this pass."""
    found: defaultdict[str | None, int] = defaultdict(int)
    for fault, standing in placed.items():
        before = situation.standings.get(fault)
        if before is None or before.incident != standing.incident:
            found[standing.incident] += 1
    return found


def _ended(
    situation: Situation, active: Mapping[str, ActiveFault], placed: Mapping[str, Standing], now_ms: int
) -> Iterable[IncidentStep]:
    """Incidents whose cause is over; those of its faults that go on are looked at again."""
    left: defaultdict[str | None, list[str]] = defaultdict(list)
    for fault, standing in placed.items():
        if standing.hold is Hold.WAITING:
            left[standing.incident].append(fault)
    for incident in sorted(situation.incidents.values(), key=lambda one: one.id):
        if incident.cause in active or incident.state is not IncidentState.OPEN:
            continue
        over = replace(incident, state=IncidentState.CLEARED, cleared_at_ms=now_ms)
        still = left[incident.id]
        yield IncidentStep(incident=over, change=IncidentChange.CLEARED, detail={"still_wrong": len(still)})
        if still:
            detail = {"count": len(still), "faults": sorted(still)}
            yield IncidentStep(incident=over, change=IncidentChange.UNSUPPRESSED, detail=detail)


def _merged(
    situation: Situation,
    active: Mapping[str, ActiveFault],
    roots: Mapping[str, ActiveFault],
    standings: Mapping[str, Standing],
) -> Iterable[IncidentStep]:
    """Open incidents whose cause turned out to have a cause itself that people are told of."""
    for incident in sorted(situation.incidents.values(), key=lambda one: one.id):
        if incident.state is not IncidentState.OPEN or incident.cause not in active:
            continue
        root = roots[incident.cause]
        if root.id != incident.cause and standings[root.id].hold is Hold.FREE:
            into = incident_id(root.id)
            merged = replace(incident, state=IncidentState.MERGED, merged_into=into)
            yield IncidentStep(incident=merged, change=IncidentChange.MERGED, detail={"into": into})


def _standing_incident(
    before: Incident | None,
    cause: ActiveFault,
    members: Sequence[ActiveFault],
    joined: int,
    times: tuple[Topology, int],
) -> Iterable[IncidentStep]:
    """The changes of an incident whose cause lasts and is told."""
    topology, now_ms = times
    was = before or Incident(
        id=incident_id(cause.id),
        cause=cause.id,
        rule=cause.rule,
        title=cause.title,
        why=cause.title,
        device=cause.device,
        kind=cause.kind,
        area=cause.area,
        severity=cause.severity,
        since_ms=cause.since_ms,
        opened_at_ms=now_ms,
        faults=0,
        devices=0,
    )
    is_new = before is None
    is_back = was.state is IncidentState.MERGED
    if not is_new and not is_back and not joined and _severity(was, members) is was.severity:
        return
    now = _measured(was, cause, members, joined, topology)
    if is_new:
        yield IncidentStep(incident=now, change=IncidentChange.OPENED)
    elif is_back:
        now = replace(now, state=IncidentState.OPEN, merged_into=None)
        yield IncidentStep(incident=now, change=IncidentChange.REOPENED)
    elif now.severity is not was.severity:
        yield IncidentStep(incident=now, change=IncidentChange.SEVERITY, detail={"from": was.severity.value})
    elif now != was:
        yield IncidentStep(incident=now, change=IncidentChange.GROWN, detail={"joined": joined})


def _severity(was: Incident, members: Sequence[ActiveFault]) -> Severity:
    """The worst there was: an incident does not get better before it is over."""
    return worst(was.severity, *(one.severity for one in members))


def _measured(
    was: Incident, cause: ActiveFault, members: Sequence[ActiveFault], joined: int, topology: Topology
) -> Incident:
    """The incident with its extent as it is now."""
    ids = {one.device for one in members}
    known = [topology.registry[one] for one in ids if one in topology.registry]
    served = [one.people_served for one in known if one.people_served is not None]
    people = max(sum(served), was.people or 0) if served else was.people
    streets = {one.street for one in known if one.street}
    grown = replace(
        was,
        severity=_severity(was, members),
        faults=was.faults + joined,
        devices=max(was.devices, len(ids)),
        streets=tuple(sorted(streets.union(was.streets))),
        people=people,
    )
    return replace(grown, why=_why(cause, grown, topology))


def _why(cause: ActiveFault, incident: Incident, topology: Topology) -> Label:
    """The incident in a sentence: what is wrong where, why we think so, and what follows from it."""
    device = topology.registry.get(cause.device)
    name = f"{cause.device} ({device.name})" if device is not None and device.name else cause.device
    vi, en = f"{cause.title.vi}: {name}", f"{cause.title.en}: {name}"
    if cause.rule in inferences():
        values = str(cause.why.get("values", "")).replace(" devices", "")
        vi += f"; suy ra từ thiết bị phía dưới cùng mất tín hiệu ({values.replace(' of ', '/')})"
        en += f"; inferred from the devices below it that failed together ({values})"
    following = incident.faults - 1
    if following:
        vi += f"; {following} sự cố kéo theo, {incident.devices} thiết bị"
        en += f"; {following} more faults follow from it, {incident.devices} devices"
    return Label(vi=vi, en=en)
