"""The outbox: notifications written with the decision to send them, and what became of each.

Attempts are spaced in real time: the other side lives in it, whatever the city's clock does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from store.operations.database import OperationsDatabase
from store.operations.dialects import insert_or_skip
from store.operations.notification_tables import notify_outbox as table

__all__ = ["NewNotification", "Outbox", "OutboxEntry", "OutboxFigures", "OutboxState", "append_notifications"]


class OutboxState(StrEnum):
    """Where a notification stands."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, kw_only=True)
class NewNotification:
    """A notification to send. `facts` is all that its text is made of; there is no secret in it."""

    key: str
    route: str
    channel: str
    reason: str
    facts: Mapping[str, Any]
    created_at_ms: int


@dataclass(frozen=True, kw_only=True)
class OutboxEntry(NewNotification):
    """A notification as it stands; `attempts` counts those begun, `error` is why the last one failed."""

    row: int
    state: OutboxState
    attempts: int
    next_attempt_real_ms: int
    finished_real_ms: int | None
    error: str | None


@dataclass(frozen=True, kw_only=True)
class OutboxFigures:
    """How many notifications there are by (state, channel), and since when the oldest waits (real ms)."""

    counts: Mapping[tuple[OutboxState, str], int]
    oldest_waiting_ms: int | None

    def total(self, state: OutboxState) -> int:
        """How many are in one state."""
        return sum(count for (found, _), count in self.counts.items() if found is state)


def append_notifications(
    connection: Connection, notifications: Sequence[NewNotification], real_now_ms: int
) -> None:
    """Add notifications in the transaction of their decision; those whose key is there stay as they are."""
    rows = [
        {name: getattr(new, name) for name in NewNotification.__dataclass_fields__}
        | {"state": OutboxState.WAITING, "attempts": 0, "next_attempt_real_ms": real_now_ms}
        for new in notifications
    ]
    if rows:
        connection.execute(insert_or_skip(connection, table, key=["key"]), rows)


class Outbox:
    """Notifications to deliver and delivered.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def claim(self, channel: str, real_now_ms: int, hold_ms: int) -> OutboxEntry | None:
        """The oldest notification of a channel that is due, with one attempt more; None where there is none.

        It is due again after `hold_ms` unless its end is noted before: one whose sender dies is sent again.
        """
        due = (
            (table.c.state == OutboxState.WAITING)
            & (table.c.channel == channel)
            & (table.c.next_attempt_real_ms <= real_now_ms)
        )
        query = select(table).where(due).order_by(table.c.row).limit(1)
        with self._database.read() as connection:
            if connection.execute(query.with_only_columns(table.c.row)).first() is None:
                return None
        with self._database.write() as connection:
            row = connection.execute(query.with_for_update(skip_locked=True)).mappings().one_or_none()
            if row is None:
                return None
            changed = {"attempts": row["attempts"] + 1, "next_attempt_real_ms": real_now_ms + hold_ms}
            connection.execute(update(table).where(table.c.row == row["row"]).values(changed))
            return _entry(dict(row) | changed)

    def sent(self, row: int, real_now_ms: int) -> None:
        """Note that the other side took it."""
        self._set(row, state=OutboxState.SENT, finished_real_ms=real_now_ms, error=None)

    def later(self, row: int, next_real_ms: int, error: str) -> None:
        """Note why an attempt failed, and when the next is made."""
        self._set(row, next_attempt_real_ms=next_real_ms, error=error)

    def dead(self, row: int, real_now_ms: int, error: str) -> None:
        """Note why nobody tries any more."""
        self._set(row, state=OutboxState.DEAD, finished_real_ms=real_now_ms, error=error)

    def revive(self, real_now_ms: int) -> int:
        """Make every dead notification due again; how many."""
        values = {
            "state": OutboxState.WAITING,
            "attempts": 0,
            "next_attempt_real_ms": real_now_ms,
            "finished_real_ms": None,
        }
        with self._database.write() as connection:
            change = update(table).where(table.c.state == OutboxState.DEAD).values(values)
            return connection.execute(change).rowcount

    def purge(self, sent_before_real_ms: int) -> int:
        """Forget what was sent, or died, before a moment; how many."""
        old = table.c.finished_real_ms < sent_before_real_ms
        with self._database.write() as connection:
            return connection.execute(delete(table).where(old)).rowcount

    def list(self, state: OutboxState | None = None, limit: int = 100) -> Sequence[OutboxEntry]:
        """Notifications, newest first."""
        query = select(table).order_by(table.c.row.desc()).limit(limit)
        if state is not None:
            query = query.where(table.c.state == state)
        with self._database.read() as connection:
            return [_entry(row) for row in connection.execute(query).mappings()]

    def figures(self) -> OutboxFigures:
        """How many there are, and how long the oldest waits."""
        grouped = select(table.c.state, table.c.channel, func.count()).group_by(
            table.c.state, table.c.channel
        )
        oldest = select(func.min(table.c.next_attempt_real_ms)).where(table.c.state == OutboxState.WAITING)
        with self._database.read() as connection:
            rows = connection.execute(grouped).all()
            oldest_ms: int | None = connection.execute(oldest).scalar()
        counts = {(OutboxState(state), channel): count for state, channel, count in rows}
        return OutboxFigures(counts=counts, oldest_waiting_ms=oldest_ms)

    def _set(self, row: int, **values: Any) -> None:
        with self._database.write() as connection:
            connection.execute(update(table).where(table.c.row == row).values(values))


def _entry(row: RowMapping | Mapping[str, Any]) -> OutboxEntry:
    return OutboxEntry(**(dict(row) | {"state": OutboxState(row["state"])}))
