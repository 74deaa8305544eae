"""Numbers that are never used twice and commit in their order."""

from enum import StrEnum

from sqlalchemy import Connection, select, update

from store.operations.database import OperationsDatabase
from store.operations.tables import counters

__all__ = ["Counter", "allocate", "last_allocated"]


class Counter(StrEnum):
    """The series of numbers. Where a transaction needs several, it takes them in this order: no deadlock."""

    AUDIT = "audit"
    """Links of the audit log's chain."""
    INCIDENT = "incident"
    FAULT = "fault"
    VIOLATION = "violation"
    EVIDENCE = "evidence"
    """Links of the chain over evidence and decisions."""
    REVISION = "revision"
    REGISTRY = "registry"
    """Changes of devices and dated entities."""
    RULES = "rules"
    """Loadings of the rules anew."""
    STREAM = "stream"
    """Changes as they go out."""


def allocate(connection: Connection, counter: Counter, count: int) -> range:
    """The next `count` numbers of a series.

    The counter stays locked until the transaction ends, so whoever reads a number has also been able to read
    every smaller one; a transaction that is undone gives its numbers back.
    """
    if count == 0:
        return range(0)
    grown = update(counters).where(counters.c.name == counter).values(value=counters.c.value + count)
    last: int = connection.execute(grown.returning(counters.c.value)).scalar_one()
    return range(last - count + 1, last + 1)


def last_allocated(database: OperationsDatabase, counter: Counter) -> int:
    """The last number that was given out and committed; whoever polls it sees that something happened.

    Raises:
        OperationsUnavailableError: the database does not answer.
    """
    with database.read() as connection:
        last: int = connection.execute(
            select(counters.c.value).where(counters.c.name == counter)
        ).scalar_one()
    return last
