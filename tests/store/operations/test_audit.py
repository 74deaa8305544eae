"""The audit log shows every change to it."""

from typing import Any

import pytest
from sqlalchemy import text

from store.evidence import chain
from store.operations import audit
from store.operations.audit import AuditEntry, AuditLog
from store.operations.database import OperationsDatabase


def filled(database: OperationsDatabase) -> AuditLog:
    log = AuditLog(database)
    for number in range(5):
        detail = {"number": number, "share": 0.1, "name": "Nguyễn", "nested": {"b": [1, None], "a": 1e-7}}
        log.append(AuditEntry(at_ms=number, who="anna", action="plate.read", target="x", detail=detail))
    return log


def test_log_as_it_was_written_is_whole_and_its_head_is_found_again(database: OperationsDatabase) -> None:
    log = filled(database)
    before = log.verify()
    log.append(AuditEntry(at_ms=9, who="binh", action="x", target="y"))
    after = log.verify()

    assert (before.is_whole, before.links, after.links, after.broken_at) == (True, 5, 6, None)
    assert log.link(5) == before.head != after.head


def test_log_is_whole_although_entries_are_added_while_it_is_checked(
    database: OperationsDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, link_hash = filled(database), chain.link_hash
    added: list[str] = []

    def hash_and_add(previous: str, *parts: Any) -> str:
        """The first link that the check looks at: somebody else adds an entry just then."""
        if not added:
            added.append("y")
            log.append(AuditEntry(at_ms=9, who="binh", action="x", target="y"))
        return link_hash(previous, *parts)

    monkeypatch.setattr(audit, "link_hash", hash_and_add)
    found = log.verify()
    assert (found.problem, found.links) == ("", 5)


@pytest.mark.parametrize(
    ("act", "broken_at", "sentence"),
    [
        ("UPDATE audit SET at_ms = 77 WHERE row = 2", 2, "not as it was written"),
        ("UPDATE audit SET detail = '{}' WHERE row = 4", 4, "not as it was written"),
        ("DELETE FROM audit_chain WHERE number = 3", 4, "link 3 is gone"),
        ("DELETE FROM audit_chain WHERE number = 5", None, "the chain ends at 4"),
        (
            "INSERT INTO audit (at_ms, who, action, target, detail) VALUES (1, 'x', 'y', 'z', '{}')",
            None,
            "6 entries stand in the log, and 5 are sealed",
        ),
    ],
)
def test_log_that_was_changed_says_what_and_where(
    database: OperationsDatabase, act: str, broken_at: int | None, sentence: str
) -> None:
    log = filled(database)
    with database.write() as connection:
        connection.execute(text(act))
    found = log.verify()
    assert (found.is_whole, found.broken_at) == (False, broken_at)
    assert sentence in found.problem
