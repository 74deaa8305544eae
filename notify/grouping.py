"""What a group of incidents has been told, and what is due: pure, in the service's time.

The life of a group follows Alertmanager's: its first notification waits a little, changes are told at most
once an interval, what nobody took note of is repeated, and it ends when the end of everything was told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from notify.incident import Incident, is_worse
from notify.routes import Timing
from rules.faults import Severity

__all__ = ["Due", "Group", "Member", "Reason", "forget", "hear", "joined", "new_group", "plan"]


class Reason(StrEnum):
    """Why people are told."""

    FIRST = "first"
    CHANGED = "changed"
    CLEARED = "cleared"
    REPEAT = "repeat"
    ESCALATED = "escalated"
    TEST = "test"
    REPORT = "report"


@dataclass(frozen=True, kw_only=True)
class Member:
    """An incident in a group: how it is, and how it was when people were last told (`told_open` None: never).

    One that is `hidden` is neither told, repeated nor escalated until it is hidden no more; its end is told.
    `returned`: it was told, then hidden, and is there still: who thought that it was put aside hears again.
    `heard_ms` is when the group first heard of it; `escalated` how many steps of escalation were taken.
    """

    incident: str
    heard_ms: int
    is_open: bool
    severity: Severity
    acknowledged: bool = False
    told_open: bool | None = None
    told_severity: Severity | None = None
    escalated: int = 0
    hidden: bool = False
    returned: bool = False

    @property
    def is_news(self) -> bool:
        """Whether people should be told how it is now: it began or ended, became worse, or is back."""
        if self.told_open is None:
            return self.is_open and not self.hidden
        if self.is_open != self.told_open:
            return True
        told = self.told_severity
        is_worse_now = told is not None and is_worse(self.severity, told)
        return self.is_open and not self.hidden and (self.returned or is_worse_now)

    @property
    def is_waiting(self) -> bool:
        """Whether people know of it, it lasts, and nobody has taken note."""
        return self.is_open and self.told_open is True and not (self.acknowledged or self.hidden)

    @property
    def is_over(self) -> bool:
        """Whether it ended and nobody needs to hear of it any more."""
        return not self.is_open and self.told_open is not True

    def is_as(self, incident: Incident) -> bool:
        """Whether the group knows how an incident is now."""
        now = (incident.is_open, incident.severity, incident.acknowledged_by is not None, incident.is_hidden)
        return (self.is_open, self.severity, self.acknowledged, self.hidden) == now


@dataclass(frozen=True, kw_only=True)
class Group:
    """Incidents told together. `number` counts what was told; `told_ms` is when that was last."""

    key: str
    route: str
    area: str
    opened_ms: int
    members: tuple[Member, ...] = ()
    number: int = 0
    told_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Due:
    """One notification to write: its number in the group, why, and of which incidents.

    `level` 0 is the route's own channels, 1 its first step of escalation, and so on.
    """

    number: int
    reason: Reason
    incidents: tuple[str, ...]
    level: int = 0


def new_group(key: str, route: str, area: str, at_ms: int) -> Group:
    """A group that has heard nothing yet."""
    return Group(key=key, route=route, area=area, opened_ms=at_ms)


def hear(group: Group, incident: Incident, at_ms: int) -> Group:
    """The group, knowing how an incident is now."""
    known = next((m for m in group.members if m.incident == incident.id), None)
    changed = replace(
        known or Member(incident=incident.id, heard_ms=at_ms, is_open=False, severity=incident.severity),
        is_open=incident.is_open,
        severity=incident.severity,
        acknowledged=incident.acknowledged_by is not None,
        hidden=incident.is_hidden,
    )
    if known is None:
        return replace(group, members=(*group.members, changed)) if incident.is_open else group
    if incident.is_open and not known.is_open:  # it came back: escalation begins anew
        changed = replace(changed, heard_ms=at_ms, escalated=0)
    if incident.is_open and known.hidden and not incident.is_hidden and known.told_open:
        changed = replace(changed, heard_ms=at_ms, escalated=0, returned=True)
    return replace(group, members=tuple(changed if m is known else m for m in group.members))


def joined(group: Group, other: Group) -> Group:
    """The group with those members of another that it has not."""
    own = {m.incident for m in group.members}
    return replace(group, members=(*group.members, *(m for m in other.members if m.incident not in own)))


def forget(group: Group, incident: str) -> Group:
    """The group without an incident that goes on as a part of another: its end is no news."""
    return replace(group, members=tuple(m for m in group.members if m.incident != incident))


def plan(group: Group, timing: Timing, now_ms: int) -> tuple[Group | None, list[Due]]:
    """What is due now, and the group after it; None when it has nothing more to say."""
    group = replace(group, members=tuple(m for m in group.members if not m.is_over))
    dues: list[Due] = []
    told = _told(group, timing, now_ms)
    if told is not None:
        dues.append(told)
        group = _after_telling(group, told, now_ms)
    for level, step in enumerate(timing.escalations, start=1):
        late = [m for m in group.members if _is_late(m, step.after_ms, level, now_ms)]
        if late:
            names = tuple(m.incident for m in late)
            dues.append(Due(number=group.number, reason=Reason.ESCALATED, incidents=names, level=level))
            group = _after_escalating(group, late, level)
    return (group if group.members else None), dues


def _told(group: Group, timing: Timing, now_ms: int) -> Due | None:
    news = [m for m in group.members if m.is_news]
    if group.told_ms is None:
        is_due = bool(news) and now_ms >= group.opened_ms + timing.wait_ms
        return _due(group, Reason.FIRST, news) if is_due else None
    if news and now_ms >= group.told_ms + timing.interval_ms:
        is_over = not any(m.is_open for m in group.members)
        return _due(group, Reason.CLEARED if is_over else Reason.CHANGED, news)
    waiting = [m for m in group.members if m.is_waiting]
    if waiting and not news and now_ms >= group.told_ms + timing.repeat_ms:
        return _due(group, Reason.REPEAT, waiting)
    return None


def _due(group: Group, reason: Reason, members: Sequence[Member]) -> Due:
    return Due(number=group.number, reason=reason, incidents=tuple(m.incident for m in members))


def _after_telling(group: Group, due: Due, now_ms: int) -> Group:
    members = (
        replace(m, told_open=m.is_open, told_severity=m.severity, returned=False)
        if m.incident in due.incidents
        else m
        for m in group.members
    )
    kept = tuple(m for m in members if m.is_open or m.told_open)
    return replace(group, members=kept, number=group.number + 1, told_ms=now_ms)


def _is_late(member: Member, after_ms: int, level: int, now_ms: int) -> bool:
    return member.is_waiting and member.escalated < level and now_ms >= member.heard_ms + after_ms


def _after_escalating(group: Group, late: Sequence[Member], level: int) -> Group:
    members = tuple(replace(m, escalated=level) if m in late else m for m in group.members)
    return replace(group, members=members, number=group.number + 1)
