"""The outbox, links and groups, on both databases."""

from typing import Any

from store.operations.database import OperationsDatabase
from store.operations.links import CrewAct, CrewActKind, LinkRecord, LinkRepository, append_links
from store.operations.notify_groups import load_groups, read_position, save_groups, write_position
from store.operations.outbox import NewNotification, Outbox, OutboxState, append_notifications

HOLD_MS = 60_000


def new(key: str = "k1", **others: Any) -> NewNotification:
    values: dict[str, Any] = {
        "route": "lighting",
        "channel": "duty-mail",
        "reason": "first",
        "facts": {"title": "Tủ mất pha", "items": [{"number": 41}]},
        "created_at_ms": 1_000,
    }
    return NewNotification(key=key, **(values | others))


def append(database: OperationsDatabase, *notifications: NewNotification, real_now_ms: int = 0) -> None:
    with database.write() as connection:
        append_notifications(connection, notifications, real_now_ms)


def test_notification_of_a_decision_that_is_undone_was_never_there(database: OperationsDatabase) -> None:
    with database.write() as connection:
        append_notifications(connection, [new()], 0)
        connection.rollback()
    assert Outbox(database).list() == []


def test_same_key_is_kept_once(database: OperationsDatabase) -> None:
    append(database, new(), new("k2"))
    append(database, new(facts={}))
    assert [(entry.key, bool(entry.facts)) for entry in Outbox(database).list()] == [
        ("k2", True),
        ("k1", True),
    ]


def test_claimed_notification_is_due_again_only_after_the_hold(database: OperationsDatabase) -> None:
    outbox = Outbox(database)
    append(database, new())
    claimed = outbox.claim("duty-mail", 5, HOLD_MS)
    assert claimed is not None
    assert (claimed.key, claimed.attempts, claimed.facts["items"]) == ("k1", 1, [{"number": 41}])
    assert outbox.claim("duty-mail", 5 + HOLD_MS - 1, HOLD_MS) is None
    again = outbox.claim("duty-mail", 5 + HOLD_MS, HOLD_MS)
    assert again is not None
    assert again.attempts == 2


def test_channels_are_claimed_apart_and_oldest_first(database: OperationsDatabase) -> None:
    outbox = Outbox(database)
    append(database, new("k1"), new("k2", channel="dispatch"), new("k3"))
    claimed = [outbox.claim(channel, 5, HOLD_MS) for channel in ("dispatch", "duty-mail", "duty-mail", "x")]
    assert [entry and entry.key for entry in claimed] == ["k2", "k1", "k3", None]


def test_sent_and_dead_are_claimed_no_more_and_dead_come_back_when_asked(
    database: OperationsDatabase,
) -> None:
    outbox = Outbox(database)
    append(database, new("k1"), new("k2"), new("k3"))
    rows = {entry.key: entry.row for entry in outbox.list()}
    outbox.sent(rows["k1"], 10)
    outbox.dead(rows["k2"], 11, "answered 404")
    outbox.later(rows["k3"], 500, "no answer")
    assert outbox.claim("duty-mail", 499, HOLD_MS) is None
    figures = outbox.figures()
    assert [figures.total(state) for state in OutboxState] == [1, 1, 1]
    assert figures.oldest_waiting_ms == 500
    assert [(entry.key, entry.error) for entry in outbox.list(OutboxState.DEAD)] == [("k2", "answered 404")]
    assert outbox.revive(20) == 1
    revived = outbox.claim("duty-mail", 20, HOLD_MS)
    assert revived is not None
    assert (revived.key, revived.attempts) == ("k2", 1)


def test_what_ended_long_ago_is_forgotten(database: OperationsDatabase) -> None:
    outbox = Outbox(database)
    append(database, new("k1"), new("k2"))
    outbox.sent(outbox.list()[0].row, 10)
    assert outbox.purge(11) == 1
    assert [entry.key for entry in outbox.list()] == ["k1"]


def test_links_are_found_by_their_hash_and_forgotten_after_their_end(database: OperationsDatabase) -> None:
    links = LinkRepository(database)
    record = LinkRecord(hash="ab" * 32, incident="i1", who="lighting-1", language="vi", expires_real_ms=100)
    with database.write() as connection:
        append_links(connection, [record])
    assert links.find("ab" * 32) == record
    assert links.find("cd" * 32) is None
    assert links.purge(101) == 1
    assert links.find("ab" * 32) is None


def test_acts_are_kept_in_their_order(database: OperationsDatabase) -> None:
    links = LinkRepository(database)
    acts = [
        CrewAct(incident="i1", who="lighting-1", act=kind, note="đã thay cầu chì", at_ms=at_ms)
        for at_ms, kind in enumerate(CrewActKind)
    ]
    for act in acts:
        links.add(act)
    assert links.acts("i1") == acts
    assert links.acts("i2") == []


def test_groups_are_kept_changed_and_forgotten(database: OperationsDatabase) -> None:
    row = {
        "key": "lighting|tam-ky",
        "route": "lighting",
        "area": "tam-ky",
        "opened_ms": 5,
        "members": [{"incident": "i1", "is_open": True}],
        "number": 0,
        "told_ms": None,
    }
    with database.write() as connection:
        save_groups(connection, [row], [])
        save_groups(connection, [row | {"number": 1, "told_ms": 9}], [])
        assert load_groups(connection) == [row | {"number": 1, "told_ms": 9}]
        save_groups(connection, [], ["lighting|tam-ky"])
        assert load_groups(connection) == []


def test_position_of_a_reader_is_zero_at_first(database: OperationsDatabase) -> None:
    with database.write() as connection:
        assert read_position(connection, "notify") == 0
        write_position(connection, "notify", 7)
        write_position(connection, "notify", 9)
        assert read_position(connection, "notify") == 9
