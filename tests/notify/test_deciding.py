"""From incidents to the outbox, over a real database."""

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from devices.clock import SteppedClock
from notify.configuration import NotifyPlan
from notify.deciding import Deciding, LinkTerms
from notify.facts import Facts, read_facts
from notify.language import Language
from notify.links import LinkKey
from notify.people import People
from notify.routes import Duty, Escalation, Route, Timing
from store.operations.database import OperationsDatabase
from store.operations.errors import OperationsUnavailableError
from store.operations.links import LinkRepository
from store.operations.notify_groups import load_groups, write_position
from store.operations.outbox import Outbox, OutboxEntry
from tests.notify.support import HOUR_MS, KEY, NOON_MS, KnownIncidents, crew, incident, people, route, shift

MINUTE_MS = 60_000
QUICK = Timing(wait_ms=0, interval_ms=MINUTE_MS, repeat_ms=HOUR_MS)
REAL_MS = 1_800_000_000_000


class City:
    """A job over some routes, and what it put into the outbox."""

    def __init__(self, database: OperationsDatabase, *routes: Route, staff: People | None = None) -> None:
        self.database = database
        self.incidents = KnownIncidents()
        self.outbox = Outbox(database)
        self.staff = staff or people()
        self.routes = routes
        self.now_ms = NOON_MS

    def passes(self, at_ms: int) -> list[OutboxEntry]:
        """One pass of a job just started; what it added, oldest first."""
        before = {entry.row for entry in self.outbox.list(limit=1_000)}
        Deciding(
            self.database,
            self.incidents,
            NotifyPlan(channels={}, routes=self.routes),
            lambda: self.staff,
            LinkTerms(key=LinkKey(KEY), valid_ms=HOUR_MS),
            SteppedClock(REAL_MS),
        ).run(at_ms)
        return [e for e in reversed(self.outbox.list(limit=1_000)) if e.row not in before]


def told(entries: list[OutboxEntry]) -> list[tuple[str, str, list[int]]]:
    return [(e.channel, e.reason, [item.number for item in facts(e).items]) for e in entries]


def facts(entry: OutboxEntry) -> Facts:
    return read_facts(entry.facts)


def test_incident_is_told_once_on_every_channel_of_its_routes(database: OperationsDatabase) -> None:
    city = City(
        database,
        route("lighting", channels=("duty", "dispatch"), timing=QUICK),
        route("wifi", kinds=frozenset({"wifi-ap"}), timing=QUICK),
    )
    city.incidents.put(incident())
    assert told(city.passes(NOON_MS)) == [("duty", "first", [41]), ("dispatch", "first", [41])]
    assert city.passes(NOON_MS + 1) == []
    assert city.passes(NOON_MS + 2 * MINUTE_MS) == []


def test_group_waits_and_lists_the_worst_first(database: OperationsDatabase) -> None:
    city = City(database, route(timing=replace(QUICK, wait_ms=MINUTE_MS)))
    city.incidents.put(incident("a" * 36, number=1, severity="minor"))
    assert city.passes(NOON_MS) == []
    city.incidents.put(incident("b" * 36, number=2, severity="critical"))
    assert told(city.passes(NOON_MS + MINUTE_MS)) == [("duty", "first", [2, 1])]


def test_end_is_told_and_then_nothing_is_left(database: OperationsDatabase) -> None:
    city = City(database, route(timing=QUICK))
    city.incidents.put(incident())
    city.passes(NOON_MS)
    city.incidents.put(incident(cleared_at_ms=NOON_MS + 5))
    assert told(city.passes(NOON_MS + MINUTE_MS)) == [("duty", "cleared", [41])]
    assert city.passes(NOON_MS + 5 * HOUR_MS) == []


def test_incident_that_became_part_of_another_is_dropped_without_a_word(database: OperationsDatabase) -> None:
    city = City(database, route(timing=QUICK))
    city.incidents.put(incident())
    city.passes(NOON_MS)
    city.incidents.known[incident().id] = None
    assert city.passes(NOON_MS + 5 * HOUR_MS) == []


def test_acknowledgement_ends_repetition_and_escalation(database: OperationsDatabase) -> None:
    timing = replace(QUICK, escalations=(Escalation(after_ms=10 * MINUTE_MS, channels=("chief",)),))
    city = City(database, route(timing=timing))
    city.incidents.put(incident())
    city.passes(NOON_MS)
    assert told(city.passes(NOON_MS + 10 * MINUTE_MS)) == [("chief", "escalated", [41])]
    # Nobody writes a revision for an acknowledgement of a fault: it is seen all the same.
    city.incidents.known[incident().id] = incident(acknowledged_by="the crew")
    assert city.passes(NOON_MS + 5 * HOUR_MS) == []


def test_crew_off_duty_is_told_when_its_shift_begins_and_operators_meanwhile(
    database: OperationsDatabase,
) -> None:
    staff = people(crew(), shift())
    night_ms = NOON_MS + 10 * HOUR_MS
    city = City(
        database,
        route("crew", crew="lighting-1", duty=Duty.ON, timing=QUICK),
        route("operators", channels=("desk",), fallback=True, timing=QUICK, language=Language.EN),
        staff=staff,
    )
    city.incidents.put(incident())
    at_night = city.passes(night_ms)
    assert told(at_night) == [("desk", "first", [41])]
    assert facts(at_night[0]).items[0].title == "Cabinet lost phase L2"
    [in_the_morning] = [e for e in city.passes(night_ms + 9 * HOUR_MS) if e.route == "crew"]
    assert facts(in_the_morning).items[0].title == "Tủ mất pha L2"


def test_links_are_kept_as_hashes_of_what_is_sent(database: OperationsDatabase) -> None:
    city = City(database, route(crew="lighting-1", timing=QUICK), staff=people(crew()))
    city.incidents.put(incident())
    [entry] = city.passes(NOON_MS)
    [item] = facts(entry).items
    token = LinkKey(KEY).token(item.seed, item.expires_s)
    assert token not in str(entry.facts)
    link = LinkRepository(database).find(LinkKey.hash(token))
    assert link is not None
    assert (link.incident, link.who, link.expires_real_ms) == (incident().id, "lighting-1", REAL_MS + HOUR_MS)


def test_pass_that_fails_decides_nothing_and_the_next_decides_the_same(
    database: OperationsDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = City(database, route(timing=QUICK))
    city.incidents.put(incident())

    def fails(*_: Any) -> None:
        raise OperationsUnavailableError("gone")

    with monkeypatch.context() as patched:
        patched.setattr("notify.deciding.write_position", fails)
        with pytest.raises(OperationsUnavailableError):
            city.passes(NOON_MS)
    assert city.outbox.list() == []
    assert told(city.passes(NOON_MS)) == [("duty", "first", [41])]


def test_hidden_incident_is_told_when_it_is_hidden_no_more(database: OperationsDatabase) -> None:
    city = City(database, route(timing=QUICK))
    city.incidents.put(incident(is_hidden=True))
    assert city.passes(NOON_MS) == []
    # Nobody writes a revision of the incident when maintenance or a shelving ends.
    city.incidents.known[incident().id] = incident()
    assert told(city.passes(NOON_MS + HOUR_MS)) == [("duty", "first", [41])]


def test_incident_hidden_after_it_was_told_is_neither_repeated_nor_escalated(
    database: OperationsDatabase,
) -> None:
    timing = replace(QUICK, escalations=(Escalation(after_ms=10 * MINUTE_MS, channels=("chief",)),))
    city = City(database, route(timing=timing))
    city.incidents.put(incident())
    city.passes(NOON_MS)
    city.incidents.known[incident().id] = incident(is_hidden=True)
    assert city.passes(NOON_MS + 5 * HOUR_MS) == []
    city.incidents.put(incident(is_hidden=True, cleared_at_ms=NOON_MS + 5 * HOUR_MS))
    assert told(city.passes(NOON_MS + 6 * HOUR_MS)) == [("duty", "cleared", [41])]


def test_pass_without_news_does_not_write(
    database: OperationsDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = City(database, route(timing=QUICK))
    city.incidents.put(incident())
    city.passes(NOON_MS)

    def writes() -> None:
        raise AssertionError("detection would have to wait")

    with monkeypatch.context() as patched:
        patched.setattr(database, "write", writes)
        assert city.passes(NOON_MS + 1) == []


def test_pass_that_somebody_else_was_faster_than_decides_nothing(
    database: OperationsDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = City(database, route(timing=QUICK))
    city.incidents.put(incident())

    def decided_meanwhile(*_: Any) -> Any:
        with database.write() as connection:
            write_position(connection, "notify", 1)
        return {incident().id: incident()}

    with monkeypatch.context() as patched:
        patched.setattr(city.incidents, "now", decided_meanwhile)
        assert city.passes(NOON_MS) == []
    with database.read() as connection:
        assert load_groups(connection) == []


def test_route_that_the_file_has_no_more_tells_nothing(database: OperationsDatabase) -> None:
    city = City(database, route(timing=QUICK))
    city.incidents.put(incident())
    city.passes(NOON_MS)
    city.routes = (route("other", timing=QUICK, kinds=frozenset({"wifi-ap"})),)
    assert city.passes(NOON_MS + 5 * HOUR_MS) == []


def test_route_that_was_renamed_goes_on_with_what_it_told(database: OperationsDatabase) -> None:
    city = City(database, route("lighting", timing=QUICK))
    city.incidents.put(incident())
    assert told(city.passes(NOON_MS)) == [("duty", "first", [41])]
    city.routes = (route("lamps", timing=QUICK, was=("lighting",)),)
    assert city.passes(NOON_MS + MINUTE_MS) == []
    with database.read() as connection:
        assert [row["route"] for row in load_groups(connection)] == ["lamps"]
    city.incidents.put(incident(cleared_at_ms=NOON_MS + 5))
    assert told(city.passes(NOON_MS + 2 * MINUTE_MS)) == [("duty", "cleared", [41])]


def test_route_that_takes_over_late_joins_what_both_told(database: OperationsDatabase) -> None:
    city = City(database, route("lighting", timing=QUICK), route("lamps", timing=QUICK))
    city.incidents.put(incident())
    city.passes(NOON_MS)
    city.routes = (route("lamps", timing=QUICK, was=("lighting",)),)
    city.passes(NOON_MS + MINUTE_MS)
    with database.read() as connection:
        [row] = load_groups(connection)
    assert (row["route"], len(row["members"])) == ("lamps", 1)


def test_route_that_is_gone_without_an_heir_is_said_to_be(database: OperationsDatabase) -> None:
    city = City(database, route("lighting", timing=QUICK))
    city.incidents.put(incident())
    city.passes(NOON_MS)
    city.routes = (route("wifi", kinds=frozenset({"wifi-ap"})),)
    with capture_logs() as logged:
        city.passes(NOON_MS + MINUTE_MS)
        city.passes(NOON_MS + 2 * MINUTE_MS)
    assert [(line["event"], line["route"]) for line in logged] == [("route_is_gone", "lighting")]
