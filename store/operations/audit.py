"""Who changed what, and who read personal data: entries sealed by a chain of hashes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select

from store.evidence.chain import GENESIS, canonical, link_hash
from store.operations.access_tables import audit_chain
from store.operations.counters import Counter, allocate
from store.operations.database import OperationsDatabase
from store.operations.paging import Page
from store.operations.tables import audit, counters

__all__ = ["AuditEntry", "AuditLog", "ChainReport", "append_audit"]

_AT_ONCE = 5_000
_SEALED = ("at_ms", "who", "action", "target", "detail")


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    """One thing a person or an integration did. `who` is the name of the key it was done with."""

    at_ms: int
    who: str
    action: str
    target: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    row: int = 0


@dataclass(frozen=True, kw_only=True)
class ChainReport:
    """What a check of the audit log found. `broken_at` is the first row that was changed or lost.

    `older` counts entries from before there was a chain: nothing vouches for them.
    """

    links: int
    head: str
    older: int
    broken_at: int | None
    problem: str

    @property
    def is_whole(self) -> bool:
        """Whether every entry is there as it was written."""
        return not self.problem


def append_audit(connection: Connection, entry: AuditEntry) -> None:
    """Add an entry in the transaction of the change it tells of; its `row` is given by the database.

    Whoever wants to add one waits until the transaction ends, so that entries are sealed one after the other.
    """
    [number] = allocate(connection, Counter.AUDIT, 1)
    values = _plain({name: getattr(entry, name) for name in _SEALED})
    row = connection.execute(insert(audit).values(**values).returning(audit.c.row)).scalar_one()
    before = select(audit_chain.c.link).where(audit_chain.c.number == number - 1)
    previous = connection.execute(before).scalar_one() if number > 1 else GENESIS
    link = _link(previous, number, row, values)
    connection.execute(insert(audit_chain).values(number=number, entry=row, link=link))


def _link(previous: str, number: int, row: int, values: Mapping[str, Any]) -> str:
    return link_hash(previous, {"number": number, "row": row}, canonical(values))


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON gives them back: what is stored and what is sealed are the same."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(values, enc_hook=_mapping))
    return plain


def _mapping(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


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

    def link(self, number: int) -> str | None:
        """A link of the chain by its number; None where there is none.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        with self._database.read() as connection:
            query = select(audit_chain.c.link).where(audit_chain.c.number == number)
            found: str | None = connection.execute(query).scalar_one_or_none()
        return found

    def verify(self) -> ChainReport:
        """Whether every entry since the chain began is there as it was written.

        Who can write the whole database can also write a whole new chain: keep the head elsewhere too.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        # Entries may be added meanwhile: counts and links must be of one moment, or they seem not to agree.
        with self._database.snapshot() as connection:
            return _verified(connection)


def _verified(connection: Connection) -> ChainReport:
    first = connection.execute(select(func.min(audit_chain.c.entry))).scalar()
    total = connection.execute(select(func.count()).select_from(audit)).scalar_one()
    is_later = audit.c.row >= (first or 0)
    chained = connection.execute(select(func.count()).select_from(audit).where(is_later)).scalar_one()
    older = total - (chained if first is not None else 0)
    number, head, broken_at, problem = _walk(connection)
    allocated = _allocated(connection)
    if not problem and number != allocated:
        problem = f"{allocated} entries were written, and the chain ends at {number}"
    if not problem and first is not None and chained != number:
        problem = f"{chained} entries stand in the log, and {number} are sealed"
    return ChainReport(links=number, head=head, older=older, broken_at=broken_at, problem=problem)


def _walk(connection: Connection) -> tuple[int, str, int | None, str]:
    """The last link that holds, and the row and the sentence of the first that does not."""
    number, head = 0, GENESIS
    joined = audit_chain.outerjoin(audit, audit.c.row == audit_chain.c.entry)
    query = select(audit_chain, audit).select_from(joined).order_by(audit_chain.c.number).limit(_AT_ONCE)
    while rows := connection.execute(query.where(audit_chain.c.number > number)).mappings().all():
        for row in rows:
            if row["number"] != number + 1:
                return number, head, row["entry"], f"link {number + 1} is gone"
            values = {name: row[name] for name in _SEALED}
            if row["row"] is None or _link(head, number + 1, row["row"], values) != row["link"]:
                return number, head, row["entry"], f"entry {row['entry']} is not as it was written"
            number, head = row["number"], row["link"]
    return number, head, None, ""


def _allocated(connection: Connection) -> int:
    """How many links were ever made."""
    query = select(counters.c.value).where(counters.c.name == Counter.AUDIT)
    return int(connection.execute(query).scalar_one())
