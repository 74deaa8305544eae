"""Deciding whom to tell of what: incidents in, notifications in the outbox out, in one transaction a pass."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import msgspec
import structlog

from devices.clock import Clock
from notify.configuration import NotifyPlan
from notify.facts import facts_of
from notify.grouping import Due, Group, Member, forget, hear, joined, new_group, plan
from notify.incident import Incident
from notify.links import LinkKey, new_seed
from notify.people import People
from notify.routes import Route, group_key, heard_by, is_active
from store.operations.database import OperationsDatabase
from store.operations.links import LinkRecord, append_links
from store.operations.notify_groups import load_groups, read_position, save_groups, write_position
from store.operations.outbox import NewNotification, append_notifications

__all__ = ["Deciding", "IncidentFeed", "LinkTerms", "News", "due_channels", "notification_key"]

_log = structlog.get_logger(__name__)
_NOTIFICATIONS = uuid.UUID("a54c7f1e-5e0c-5d0a-8b57-6f1b1f0d3c21")
_READER = "notify"
_MOST_CHANGES = 1_000


@dataclass(frozen=True, kw_only=True)
class News:
    """Incidents that changed behind a revision, and the newest revision among those changes."""

    incidents: Collection[str]
    revision: int


class IncidentFeed(Protocol):
    """Incidents as notification asks for them."""

    def changed_after(self, revision: int, limit: int) -> News:
        """Which incidents changed behind a revision; at most `limit` changes, in commit order."""
        ...

    def now(self, incidents: Collection[str]) -> Mapping[str, Incident | None]:
        """Incidents as they are now; None for one that goes on as a part of another."""
        ...


@dataclass(frozen=True, kw_only=True)
class LinkTerms:
    """How links are made: the signing key, and how long one opens its page (real ms)."""

    key: LinkKey
    valid_ms: int


@dataclass(frozen=True)
class _Scene:
    """The world of one pass."""

    known: Mapping[str, Incident | None]
    people: People
    now_ms: int


@dataclass
class _Decided:
    """What one pass leaves behind."""

    groups: list[Group] = field(default_factory=list)
    notifications: list[NewNotification] = field(default_factory=list)
    links: list[LinkRecord] = field(default_factory=list)


class Deciding:
    """A leader job: reads incidents, keeps the groups of every route, and writes what is due to the outbox.

    A pass that fails leaves everything as it was, and the next one decides the same.
    """

    name = "notify-decide"
    period_s = 5.0

    def __init__(
        self,
        database: OperationsDatabase,
        feed: IncidentFeed,
        notify: NotifyPlan,
        people: Callable[[], People],
        links: LinkTerms,
        real_clock: Clock,
    ) -> None:
        self._database = database
        self._feed = feed
        self._plan = notify
        self._people = people
        self._links = links
        self._real_clock = real_clock

    def run(self, now_ms: int) -> None:
        """One pass. There may be more news than one takes; the rest comes with the next.

        Raises:
            OperationsUnavailableError: the database does not answer; nothing was decided.
        """
        people = self._people()
        with self._database.read() as connection:
            position = read_position(connection, _READER)
            rows = {str(row["key"]): row for row in load_groups(connection)}
        news = self._feed.changed_after(position, _MOST_CHANGES)
        groups = self._taken_over(msgspec.convert(row, Group) for row in rows.values())
        members = {m.incident for group in groups.values() for m in group.members}
        scene = _Scene(self._feed.now(members | set(news.incidents)), people, now_ms)
        decided = self._decided(_heard(groups, self._plan.routes, scene), scene)
        after = {group.key: _row(group) for group in decided.groups}
        changed = [row for key, row in after.items() if row != rows.get(key)]
        ended = [key for key in rows if key not in after]
        if not (changed or ended or decided.notifications or news.revision != position):
            return
        # Only now: on SQLite detection's commits wait for whoever writes.
        with self._database.write() as connection:
            if read_position(connection, _READER) != position:
                return  # another process decided meanwhile; the next pass begins from there
            save_groups(connection, changed, ended)
            append_notifications(connection, decided.notifications, self._real_clock.now_ms())
            append_links(connection, decided.links)
            write_position(connection, _READER, news.revision)

    def _taken_over(self, groups: Iterable[Group]) -> dict[str, Group]:
        """The groups by key; those of a route that has another name now are that one's."""
        found: dict[str, Group] = {}
        for group in groups:
            heir = None if self._plan.route(group.route) else self._plan.heir(group.route)
            if heir is not None:
                key = f"{heir.id}{group.key.removeprefix(group.route)}"
                group = replace(group, key=key, route=heir.id)  # noqa: PLW2901 - it goes on as that
            elif self._plan.route(group.route) is None:
                _log.warning(
                    "route_is_gone", route=group.route, incidents=len(group.members),
                    note="what it told is forgotten; a route that takes over names it in: was",
                )  # fmt: skip
            found[group.key] = joined(found[group.key], group) if group.key in found else group
        return found

    def _decided(self, groups: Mapping[str, Group], scene: "_Scene") -> "_Decided":
        decided = _Decided()
        for group in groups.values():
            route = self._plan.route(group.route)
            if route is None:  # the file has it no more
                continue
            after: Group | None = group if group.members else None
            dues: list[Due] = []
            if is_active(route, group.area, scene.people, scene.now_ms):
                after, dues = plan(group, route.timing, scene.now_ms)
            decided.groups += [after] if after is not None else []
            for due in dues:
                for channel in due_channels(route, due):
                    self._write(decided, group, route, due, channel, scene)
        return decided

    def _write(
        self, decided: "_Decided", group: Group, route: Route, due: Due, channel: str, scene: "_Scene"
    ) -> None:
        def link(incident: Incident) -> tuple[str, int]:
            seed, record = self._link(incident, route)
            decided.links.append(record)
            return seed, record.expires_real_ms // 1000

        found = (scene.known.get(id_) for id_ in due.incidents)
        facts = facts_of(
            [incident for incident in found if incident is not None],
            reason=due.reason,
            language=route.language,
            zone=scene.people.zone,
            at_ms=scene.now_ms,
            level=due.level,
            link=link,
        )
        new = NewNotification(
            key=notification_key(group, due, channel),
            route=route.id,
            channel=channel,
            reason=due.reason,
            facts=msgspec.to_builtins(facts),
            created_at_ms=scene.now_ms,
        )
        decided.notifications.append(new)

    def _link(self, incident: Incident, route: Route) -> tuple[str, LinkRecord]:
        seed = new_seed()
        expires_s = (self._real_clock.now_ms() + self._links.valid_ms) // 1000
        token = self._links.key.token(seed, expires_s)
        return seed, LinkRecord(
            hash=LinkKey.hash(token),
            incident=incident.id,
            who=route.crew or route.id,
            language=route.language,
            expires_real_ms=expires_s * 1000,
        )


def _heard(groups: Mapping[str, Group], routes: Sequence[Route], scene: _Scene) -> dict[str, Group]:
    """Every group, knowing of all incidents that are its own; what somebody cares for opens no new ones."""
    heard = dict(groups)
    holding: defaultdict[str, list[tuple[str, Member]]] = defaultdict(list)
    for key, group in groups.items():
        for member in group.members:
            holding[member.incident].append((key, member))
    for id_, incident in scene.known.items():
        heard |= {key: _brought_up(heard[key], m, incident, scene.now_ms) for key, m in holding[id_]}
        if incident is None or not incident.is_open or incident.acknowledged_by is not None:
            continue
        in_routes = {heard[key].route for key, _ in holding[id_]}
        for route in heard_by(routes, incident, scene.people, scene.now_ms):
            if route.id not in in_routes:
                key = group_key(route, incident)
                group = heard.get(key) or new_group(key, route.id, incident.area, scene.now_ms)
                heard[key] = hear(group, incident, scene.now_ms)
    return heard


def _brought_up(group: Group, member: Member, incident: Incident | None, now_ms: int) -> Group:
    """The group, knowing how one of its members is now."""
    if incident is None:
        return forget(group, member.incident)
    return group if member.is_as(incident) else hear(group, incident, now_ms)


def due_channels(route: Route, due: Due) -> Sequence[str]:
    """The channels that a notification goes to: the route's own, or those of a step of escalation."""
    return route.channels if due.level == 0 else route.timing.escalations[due.level - 1].channels


def notification_key(group: Group, due: Due, channel: str) -> str:
    """The same for the same decision however often it is made, and for no other."""
    words = (group.key, group.opened_ms, due.number, due.reason, due.level, channel)
    return str(uuid.uuid5(_NOTIFICATIONS, "|".join(map(str, words))))


def _row(group: Group) -> dict[str, Any]:
    """The group as its row has it, where members are a list."""
    row: dict[str, Any] = msgspec.to_builtins(group)
    return row | {"members": list(row["members"])}
