"""The audit log shows every change to it."""

import pytest
from sqlalchemy import text

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
