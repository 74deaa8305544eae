"""Management over what is past: the same steps, on faults whose beginnings and ends are known."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from rules.faults import FaultRaised
from rules.management.dependencies import Dependencies
from rules.management.incident import Incident, IncidentState, IncidentStep
from rules.management.situation import ActiveFault, Decisions, Situation
from rules.management.standing import Standing
from rules.management.step import step
from rules.management.topology import Topology

__all__ = ["Replay", "Spell", "replayed"]


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A fault, and when its end was noticed by the service's clock (epoch ms); None while it lasts."""

    fault: ActiveFault
    ended_at_ms: int | None = None


@dataclass
class Replay:
    """What a store would hold: changed by `take` only. `inferred` are the faults that steps have raised."""

    active: dict[str, ActiveFault] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    history: list[IncidentStep] = field(default_factory=list)
    inferred: dict[str, tuple[FaultRaised, int | None]] = field(default_factory=dict)
    _live: dict[str, Standing] = field(default_factory=dict)
    _open: dict[str, Incident] = field(default_factory=dict)

    def situation(self) -> Situation:
        """What a step looks at."""
        return Situation(active=self.active, standings=self._live, incidents=self._open)

    def take(self, decided: Decisions, now_ms: int) -> None:
        """Keep what a step decided."""
        for raised in decided.raised:
            self.active[raised.id] = ActiveFault.of(raised)
            self.inferred[raised.id] = (raised, None)
        for gone in decided.cleared:
            del self.active[gone.id]
            self.inferred[gone.id] = (self.inferred[gone.id][0], now_ms)
        self.standings |= {one.fault: one for one in decided.standings}
        self.incidents |= {one.incident.id: one.incident for one in decided.incidents}
        self.history += decided.incidents
        for standing in decided.standings:
            if standing.is_live:
                self._live[standing.fault] = standing
            else:
                self._live.pop(standing.fault, None)
        for one in decided.incidents:
            self._open[one.incident.id] = one.incident
        self._open = {
            incident: one
            for incident, one in self._open.items()
            if one.state is not IncidentState.CLEARED and one.cause in self._live
        }


def replayed(spells: Iterable[Spell], dependencies: Dependencies, topology: Topology) -> Replay:
    """What management would have done, with a step whenever something began, ended or was due.

    After the last event it goes on until nothing waits any more, as if nothing more had happened.
    """
    begins: defaultdict[int, list[ActiveFault]] = defaultdict(list)
    ends: defaultdict[int, list[str]] = defaultdict(list)
    for spell in spells:
        begins[spell.fault.detected_at_ms].append(spell.fault)
        if spell.ended_at_ms is not None:
            # What ended when it was noticed was never there to be looked at.
            ends[max(spell.ended_at_ms, spell.fault.detected_at_ms)].append(spell.fault.id)
    moments = deque(sorted(begins.keys() | ends.keys()))
    replay = Replay()
    due_ms: int | None = None
    while moments or due_ms is not None:
        now_ms = min(one for one in (moments[0] if moments else None, due_ms) if one is not None)
        if moments and moments[0] == now_ms:
            moments.popleft()
        replay.active |= {fault.id: fault for fault in begins.get(now_ms, ())}
        for fault in ends.get(now_ms, ()):
            replay.active.pop(fault, None)
        decided = step(replay.situation(), dependencies, topology, now_ms)
        replay.take(decided, now_ms)
        due_ms = decided.due_ms
    return replay
