"""Who changed what, and who read personal data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from store.operations.database import OperationsDatabase
from store.operations.paging import Page
from store.operations.tables import audit

__all__ = ["AuditEntry", "AuditLog", "append_audit"]


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One thing a person or an integration did. `who` is the name of the key it was done with."""

    at_ms: int
    who: str
    action: str
    target: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    row: int = 0


def append_audit(connection: Connection, entry: AuditEntry) -> None:
    """Add an entry in the transaction of the change it tells of; its `row` is given by the database."""
    row = {name: getattr(entry, name) for name in ("at_ms", "who", "action", "target", "detail")}
    connection.execute(insert(audit), row)


class AuditLog:
    """The append-only record of what was done."""

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def append(self, entry: AuditEntry) -> None:
        """Add an entry; it is durable when this returns.

        Raises:
            OperationsUnavailableError: nothing was written; what it tells of must not go ahead.
        """
        with self._database.write() as connection:
            append_audit(connection, entry)

    def append_with(self, entry: AuditEntry, also: Callable[[Connection], object]) -> None:
        """Add an entry, and do something else in the same transaction.

        Raises:
            OperationsUnavailableError: neither was done.
        """
        with self._database.write() as connection:
            append_audit(connection, entry)
            also(connection)

    def list(self, *, before: int | None = None, limit: int = 100) -> Page[AuditEntry, int]:
        """Entries, newest first, from those before the row `before`.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        query = select(audit).order_by(audit.c.row.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(audit.c.row < before)
        with self._database.read() as connection:
            entries = [AuditEntry(**row) for row in connection.execute(query).mappings()]
        return Page(entries[:limit], entries[limit - 1].row if len(entries) > limit else None)
