"""What operators would have been told: faults of a period through management, as the leader does it."""

from collections.abc import Iterable
from itertools import groupby

from devices.description import Label
from devices.registry import Registry
from rules.backtest.past_fault import PastFault
from rules.backtest.span import Span
from rules.management.dependencies import Dependencies
from rules.management.incident import Incident, IncidentChange, IncidentState
from rules.management.situation import ActiveFault, Decisions, Situation
from rules.management.standing import Standing
from rules.management.step import step
from rules.management.topology import Topology
from rules.rule import Rule

__all__ = ["incidents_per_hour", "notified_incidents"]

_HOUR_MS = 3_600_000
_PASS_MS = 1_000
"""The leader looks this often."""


def incidents_per_hour(
    faults: Iterable[PastFault], rules: Iterable[Rule], registry: Registry, span: Span, operators: int
) -> float:
    """Incidents opened in the period for each operator and hour."""
    opened = notified_incidents(faults, rules, registry, span)
    return opened / operators / ((span.to_ms - span.from_ms) / _HOUR_MS)


def notified_incidents(
    faults: Iterable[PastFault], rules: Iterable[Rule], registry: Registry, span: Span
) -> int:
    """How many incidents are opened in the period."""
    manager = _Manager(tuple(rules), registry)
    for at_ms, together in groupby(_timeline(faults), key=lambda change: change[0]):
        manager.catch_up(at_ms - 1)
        for _, fault, begins in together:
            manager.note(fault, begins=begins)
        manager.look(at_ms)
    manager.catch_up(span.to_ms)
    return sum(span.from_ms <= at_ms < span.to_ms for at_ms in manager.opened_ms)


def _timeline(faults: Iterable[PastFault]) -> list[tuple[int, PastFault, bool]]:
    """When each fault begins (true) and ends, in the order of the leader's passes."""
    changes: list[tuple[int, PastFault, bool]] = []
    for fault in faults:
        begin_ms = _pass_after(fault.detected_at_ms)
        changes.append((begin_ms, fault, True))
        if fault.cleared_at_ms is not None:
            changes.append((max(begin_ms + _PASS_MS, _pass_after(fault.cleared_at_ms)), fault, False))
    return sorted(changes, key=lambda change: (change[0], change[1].id, not change[2]))


def _pass_after(at_ms: int) -> int:
    return -(-at_ms // _PASS_MS) * _PASS_MS


class _Manager:
    """Management over faults in memory; `opened_ms` are the times at which incidents were opened."""

    def __init__(self, rules: tuple[Rule, ...], registry: Registry) -> None:
        self._dependencies = Dependencies.among(rules)
        self._topology = Topology(registry, self._dependencies.inferences.values())
        self._active: dict[str, ActiveFault] = {}
        self._standings: dict[str, Standing] = {}
        self._incidents: dict[str, Incident] = {}
        self._due_ms: int | None = None
        self.opened_ms: list[int] = []

    def note(self, fault: PastFault, *, begins: bool) -> None:
        """A fault begins or ends."""
        if begins:
            self._active[fault.id] = _active(fault)
        else:
            self._active.pop(fault.id, None)

    def catch_up(self, now_ms: int) -> None:
        """Look whenever a waiting ends, up to a moment."""
        while self._due_ms is not None and self._due_ms <= now_ms:
            self.look(self._due_ms)

    def look(self, now_ms: int) -> None:
        """One pass."""
        situation = Situation(active=self._active, standings=self._standings, incidents=self._incidents)
        decisions = step(situation, self._dependencies, self._topology, now_ms)
        self._follow(decisions, now_ms)
        # A waiting that ends now has been looked at.
        due_ms = decisions.due_ms
        self._due_ms = None if due_ms is None else max(due_ms, now_ms + _PASS_MS)

    def _follow(self, decisions: Decisions, now_ms: int) -> None:
        self._active |= {fault.id: ActiveFault.of(fault) for fault in decisions.raised}
        for ended in decisions.cleared:
            self._active.pop(ended.id, None)
        for standing in decisions.standings:
            if standing.is_live:
                self._standings[standing.fault] = standing
            else:
                self._standings.pop(standing.fault, None)
        for change in decisions.incidents:
            self.opened_ms += [now_ms] * (change.change is IncidentChange.OPENED)
            self._incidents[change.incident.id] = change.incident
        self._incidents = {
            one.id: one
            for one in self._incidents.values()
            if one.state is not IncidentState.CLEARED and one.cause in self._standings
        }


def _active(fault: PastFault) -> ActiveFault:
    return ActiveFault(
        id=fault.id,
        rule=fault.rule,
        device=fault.device,
        kind=fault.kind,
        area=fault.area,
        title=Label(vi=fault.rule, en=fault.rule),
        severity=fault.severity,
        since_ms=fault.since_ms,
        detected_at_ms=fault.detected_at_ms,
    )
