"""Replays of dead letters: who asked for one, and what came of it. The collector asks here for work."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select, update

from store.operations.audit import AuditEntry, append_audit
from store.operations.database import OperationsDatabase
from store.operations.dead_letters import DeadLetter, DeadLetterFilter, ReplayState, letters_with_replay
from store.operations.dialects import insert_or_skip
from store.operations.errors import NoSuchRecordError, NotWholeError
from store.operations.tables import dead_letter_replays, dead_letters

__all__ = ["ReplayRepository"]

_LETTERS, _REPLAYS = dead_letters.c, dead_letter_replays.c


class ReplayRepository:
    """Requests for replays and their outcomes; a letter is replayed once at most.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def request(self, row: int, *, who: str, at_ms: int) -> None:
        """Ask for the replay of one dead letter. The request is audited.

        Raises:
            NoSuchRecordError: there is none of that row.
            NotWholeError: only a part of it was kept.
        """
        size = select(func.length(_LETTERS.payload), _LETTERS.payload_bytes).where(_LETTERS.row == row)
        with self._database.write() as connection:
            found = connection.execute(size).one_or_none()
            if found is None:
                raise NoSuchRecordError("dead letter", str(row))
            if found[0] != found[1]:
                raise NotWholeError(row, kept=found[0], bytes_=found[1])
            # Not the count of rows: PostgreSQL's driver tells none of an insertion.
            adding = insert_or_skip(connection, dead_letter_replays, key=["letter"]).returning(
                _REPLAYS.letter
            )
            if connection.execute(adding, _request(row, who, at_ms)).first() is not None:
                action = "dead-letter.replay"
                append_audit(connection, AuditEntry(at_ms=at_ms, who=who, action=action, target=str(row)))

    def request_matching(
        self, wanted: DeadLetterFilter, *, limit: int, who: str, at_ms: int, detail: Mapping[str, object]
    ) -> tuple[int, int]:
        """Ask for the replay of those that a filter lets through, the oldest first; `limit` at most.

        Only whole ones that nobody asked for yet. How many were taken, and how many more there are; the
        request is audited with `detail`, which says the filter.
        """
        matching = (
            letters_with_replay()
            .with_only_columns(_LETTERS.row)
            .where(*wanted.conditions())
            .where(_REPLAYS.letter.is_(None))
            .where(func.length(_LETTERS.payload) == _LETTERS.payload_bytes)
        )
        with self._database.write() as connection:
            all_of_them = connection.execute(
                select(func.count()).select_from(matching.subquery())
            ).scalar_one()
            rows = connection.execute(matching.order_by(_LETTERS.row).limit(limit)).scalars().all()
            requests = [_request(row, who, at_ms) for row in rows]
            if requests:
                connection.execute(insert_or_skip(connection, dead_letter_replays, key=["letter"]), requests)
                entry = AuditEntry(
                    at_ms=at_ms,
                    who=who,
                    action="dead-letters.replay",
                    target="dead-letters",
                    detail=dict(detail) | {"letters": len(rows), "first": rows[0], "last": rows[-1]},
                )
                append_audit(connection, entry)
        return len(rows), all_of_them - len(rows)

    def waiting(self, journal: str, limit: int) -> Sequence[DeadLetter]:
        """Letters whose replay was asked for and has not happened yet, the oldest first.

        Those of one journal: each collector decodes anew what it refused itself.
        """
        is_waiting = _REPLAYS.state == ReplayState.WAITING.value
        query = letters_with_replay().where(is_waiting, _LETTERS.journal == journal)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_LETTERS.row).limit(limit)).mappings().all()
        return [DeadLetter(**dict(row) | {"replay": ReplayState.WAITING}) for row in rows]

    def finish(self, outcomes: Mapping[int, ReplayState], *, at_ms: int) -> None:
        """Write down what came of replays, by the row of the letter."""
        table = dead_letter_replays
        with self._database.write() as connection:
            for state in set(outcomes.values()):
                rows = [row for row, outcome in outcomes.items() if outcome is state]
                connection.execute(
                    update(table)
                    .where(table.c.letter.in_(rows))
                    .values(state=state.value, finished_at_ms=at_ms)
                )


def _request(row: int, who: str, at_ms: int) -> dict[str, object]:
    state = ReplayState.WAITING.value
    return {"letter": row, "requested_at_ms": at_ms, "requested_by": who, "state": state}
