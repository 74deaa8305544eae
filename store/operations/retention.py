"""Letting go of what nobody will ask for any more: old changes, and what became of ended incidents."""

from collections.abc import Callable
from itertools import takewhile

from sqlalchemy import Connection, delete, select

from rules.management.incident import IncidentState
from store.operations.cursors import cursor
from store.operations.database import OperationsDatabase
from store.operations.incident_tables import incident_history, incidents
from store.operations.stream import NUMBERED
from store.operations.tables import changes, outgoing

__all__ = ["Retention"]

_AT_ONCE = 2_000


class Retention:
    """Removes the oldest, a few at a time: whoever writes changes waits for no more than that.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def purge_changes(self, before_ms: int) -> int:
        """Forget changes older than a moment, and their numbers; how many. The newest one stays.

        What the leader has not numbered yet stays too, or a stream would lack it.
        """
        return self._some_by_some(lambda connection: _purge_changes(connection, before_ms))

    def purge_incident_history(self, before_ms: int) -> int:
        """Forget what happened before a moment to incidents that are over; the incidents stay. How many."""
        return self._some_by_some(lambda connection: _purge_history(connection, before_ms))

    def _some_by_some(self, purge: Callable[[Connection], int]) -> int:
        total, count = 0, _AT_ONCE
        while count == _AT_ONCE:
            with self._database.write() as connection:
                count = purge(connection)
            total += count
        return total


def _purge_changes(connection: Connection, before_ms: int) -> int:
    query = select(changes.c.revision, changes.c.at_ms).where(
        changes.c.revision < cursor(connection, NUMBERED)
    )
    oldest = connection.execute(query.order_by(changes.c.revision).limit(_AT_ONCE)).all()
    old = list(takewhile(lambda row: row.at_ms < before_ms, oldest))
    if old:
        up_to = old[-1].revision
        connection.execute(delete(outgoing).where(outgoing.c.revision <= up_to))
        connection.execute(delete(changes).where(changes.c.revision <= up_to))
    return len(old)


def _purge_history(connection: Connection, before_ms: int) -> int:
    over = incident_history.join(incidents, incidents.c.id == incident_history.c.incident)
    query = (
        select(incident_history.c.revision)
        .select_from(over)
        .where(incident_history.c.at_ms < before_ms, incidents.c.state != IncidentState.OPEN)
        .limit(_AT_ONCE)
    )
    old = connection.execute(query).scalars().all()
    if old:
        connection.execute(delete(incident_history).where(incident_history.c.revision.in_(old)))
    return len(old)
