"""Changes as they go out: the leader numbers them, streams and integrators go by its numbers.

Revisions are given by many processes and may have gaps; `stream_seq` has none. Who sees a number missing has
missed a change, whichever process it asked before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select

from store.operations.changes import ChangeRecord, change_record
from store.operations.counters import Counter, allocate
from store.operations.cursors import cursor, move_cursor
from store.operations.database import OperationsDatabase
from store.operations.tables import changes, outgoing

__all__ = ["NUMBERED", "OutgoingChange", "OutgoingStream"]

NUMBERED = "stream"
"""The cursor of what has a number."""
_AT_ONCE = 2_000


@dataclass(frozen=True)
class OutgoingChange:
    """A change, and its number in the stream."""

    stream_seq: int
    change: ChangeRecord


class OutgoingStream:
    """The numbered changes, in their order, which is the one in which they were committed.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def after(self, stream_seq: int, limit: int) -> Sequence[OutgoingChange]:
        """At most `limit` changes behind a number, oldest first."""
        query = (
            select(outgoing.c.stream_seq, changes)
            .join(changes, changes.c.revision == outgoing.c.revision)
            .where(outgoing.c.stream_seq > stream_seq)
            .order_by(outgoing.c.stream_seq)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return [OutgoingChange(row.pop("stream_seq"), change_record(row)) for row in rows]

    def last(self) -> int:
        """The newest number; 0 where there is none."""
        with self._database.read() as connection:
            last: int | None = connection.execute(select(func.max(outgoing.c.stream_seq))).scalar()
        return last or 0

    def number(self) -> int:
        """Number the changes that have none yet, for the leader; how many those were.

        Raises:
            LeaseLostError: under a lease that is over.
        """
        total = 0
        while self._has_more():
            total += self._number_some()
        return total

    def _has_more(self) -> bool:
        with self._database.read() as connection:
            newest: int = connection.execute(select(func.max(changes.c.revision))).scalar() or 0
            return newest > cursor(connection, NUMBERED)

    def _number_some(self) -> int:
        with self._database.write() as connection:
            behind = changes.c.revision > cursor(connection, NUMBERED)
            query = select(changes.c.revision).where(behind).order_by(changes.c.revision).limit(_AT_ONCE)
            revisions = connection.execute(query).scalars().all()
            numbers = allocate(connection, Counter.STREAM, len(revisions))
            if revisions:
                rows = zip(numbers, revisions, strict=True)
                values = [{"stream_seq": number, "revision": revision} for number, revision in rows]
                connection.execute(insert(outgoing), values)
                move_cursor(connection, NUMBERED, revisions[-1])
        return len(revisions)
