"""One pass of management: from what is active now to what is held, by what, and told as which incident."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from devices.description import Label
from rules.management.causes import Causes
from rules.management.dependencies import Dependencies
from rules.management.grouping import grouped
from rules.management.incident import incident_id
from rules.management.passive import Judgement, judge
from rules.management.situation import ActiveFault, Decisions, Situation
from rules.management.standing import Hold, Standing
from rules.management.topology import Topology

__all__ = ["step"]

_RECHECKED = Label(
    vi="Nguyên nhân cấp trên đã hết, đang kiểm tra lại",
    en="Its cause further up has gone, it is looked at again",
)


def step(situation: Situation, dependencies: Dependencies, topology: Topology, now_ms: int) -> Decisions:
    """What changes now.

    Pure: the same situation at the same time gives the same; written down and looked at again, nothing more.
    """
    causes = Causes(dependencies, topology)
    causes.add(situation.active.values())
    judgement = judge(situation, causes, dependencies, topology, now_ms)
    active = _after(situation.active, judgement)
    if judgement.raised or judgement.cleared:
        causes = Causes(dependencies, topology)
        causes.add(active.values())
    explained = _explained(active, causes, judgement)
    standings = {
        fault.id: _standing(
            fault,
            situation.standings.get(fault.id) or _new(fault, causes, judgement, now_ms),
            explained.get(fault.id),
            (causes, now_ms),
        )
        for fault in active.values()
    }
    incidents, standings = grouped(situation, active, standings, explained, topology, now_ms)
    changed = [one for one in standings.values() if one != situation.standings.get(one.fault)]
    ended = [replace(one, is_live=False) for fault, one in situation.standings.items() if fault not in active]
    return Decisions(
        raised=judgement.raised,
        cleared=judgement.cleared,
        standings=(*changed, *ended),
        incidents=tuple(incidents),
        due_ms=_due_ms(standings, active, judgement),
        holds=Counter(one.hold for one in standings.values()),
    )


def _after(active: Mapping[str, ActiveFault], judgement: Judgement) -> dict[str, ActiveFault]:
    gone = {one.id for one in judgement.cleared}
    left = {fault: one for fault, one in active.items() if fault not in gone}
    return left | {one.id: ActiveFault.of(one) for one in judgement.raised}


def _explained(
    active: Mapping[str, ActiveFault], causes: Causes, judgement: Judgement
) -> Mapping[str, ActiveFault]:
    """The fault that explains each of those that have one, by their id."""
    found = {part: active[whole] for part, whole in judgement.contained.items() if part in active}
    for fault in sorted(active.values(), key=lambda one: one.id):
        cause = None if fault.id in found else causes.of(fault)
        if cause is not None and not _leads_to(cause, fault, found):
            found[fault.id] = cause
    return found


def _leads_to(start: ActiveFault, end: ActiveFault, found: Mapping[str, ActiveFault]) -> bool:
    """Whether a cause has the other as a cause of its own: faults must not hide each other."""
    at: ActiveFault | None = start
    while at is not None and at.id != end.id:
        at = found.get(at.id)
    return at is not None


def _new(fault: ActiveFault, causes: Causes, judgement: Judgement, now_ms: int) -> Standing:
    until_ms = max(causes.wait_until_ms(fault), judgement.waits_ms.get(fault.id, 0))
    return Standing(fault=fault.id, hold=Hold.WAITING, since_ms=now_ms, until_ms=until_ms)


def _standing(
    fault: ActiveFault, before: Standing, cause: ActiveFault | None, times: tuple[Causes, int]
) -> Standing:
    """Where a fault stands now, its incident still the old one."""
    causes, now_ms = times
    if cause is not None:
        return _suppressed(before, cause, now_ms)
    if before.hold is Hold.SUPPRESSED:
        until_ms = now_ms + causes.recheck_ms(fault)
        return replace(
            before,
            hold=Hold.WAITING,
            since_ms=now_ms,
            until_ms=until_ms,
            suppressed_by=None,
            reason=_RECHECKED,
        )
    if before.hold is Hold.WAITING and before.is_due(now_ms) and not fault.is_hidden:
        told_ms = now_ms if before.told_at_ms is None else before.told_at_ms
        own = incident_id(fault.id)
        free = replace(before, hold=Hold.FREE, since_ms=now_ms, until_ms=None, reason=None)
        return replace(free, incident=own, told_at_ms=told_ms)
    return before


def _due_ms(
    standings: Mapping[str, Standing], active: Mapping[str, ActiveFault], judgement: Judgement
) -> int | None:
    """When the next waiting ends; what is hidden waits for a change and not for a time."""
    ends = [
        one.until_ms
        for one in standings.values()
        if one.until_ms is not None and not active[one.fault].is_hidden
    ]
    return min(ends if judgement.due_ms is None else [*ends, judgement.due_ms], default=None)


def _suppressed(before: Standing, cause: ActiveFault, now_ms: int) -> Standing:
    if before.suppressed_by == cause.id:
        return before
    return replace(
        before,
        hold=Hold.SUPPRESSED,
        since_ms=now_ms,
        until_ms=None,
        suppressed_by=cause.id,
        reason=Label(
            vi=f"Do sự cố “{cause.title.vi}” ở {cause.device}",
            en=f"Caused by “{cause.title.en}” at {cause.device}",
        ),
    )
