"""Violations under review as officers find and read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from rules.lifecycle.transition import Transition
from rules.review.case import ViolationState
from store.operations.database import OperationsDatabase
from store.operations.errors import NoSuchRecordError
from store.operations.paging import Page
from store.operations.records import ViolationRecord, from_row
from store.operations.review_rows import Reviewed, read_reviewed
from store.operations.review_tables import violation_history, violation_reviews
from store.operations.tables import violations

__all__ = ["ReviewRepository", "ViolationEntry"]

_PLACES = 10**12
"""A place in the queue is one number: certainty first, then the violation's number."""


@dataclass(frozen=True, kw_only=True)
class ViolationEntry:
    """A row of a violation's history. Comment and `why` may hold plates."""

    row: int
    violation: str
    at_ms: int
    who: str
    transition: Transition
    comment: str | None
    why: dict[str, Any]


class ReviewRepository:
    """Reviews, with whole plates.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def of(self, records: Sequence[ViolationRecord]) -> list[Reviewed]:
        """The violations with their reviews, in the same order."""
        with self._database.read() as connection:
            return read_reviewed(connection, records)

    def get(self, violation: str) -> Reviewed:
        """A violation with its review.

        Raises:
            NoSuchRecordError: there is none.
        """
        query = select(violations).where(violations.c.id == violation)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                raise NoSuchRecordError("violation", violation)
            return read_reviewed(connection, [from_row(ViolationRecord, row)])[0]

    def queue(
        self, *, states: Sequence[ViolationState], after: int | None = None, limit: int = 100
    ) -> Page[Reviewed, int]:
        """Violations that wait for an officer, the most certain first, and of equals the oldest."""
        certainty, number = violation_reviews.c.certainty, violation_reviews.c.number
        place = (1000 - certainty) * _PLACES + number
        query = (
            select(violations)
            .join(violation_reviews, violation_reviews.c.violation == violations.c.id)
            .where(violations.c.state.in_([str(state) for state in states]))
            .order_by(certainty.desc(), number)
            .limit(limit + 1)
        )
        if after is not None:
            query = query.where(place > after)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
            found = read_reviewed(connection, [from_row(ViolationRecord, row) for row in rows[:limit]])
        more = len(rows) > limit
        last = found[-1] if more else None
        following = None if last is None else (1000 - last.certainty.per_mille) * _PLACES + last.record.number
        return Page(found, following)

    def history(self, violation: str) -> list[ViolationEntry]:
        """What happened to a violation, oldest first; empty before it is sealed.

        Raises:
            NoSuchRecordError: there is no such violation.
        """
        self.get(violation)
        query = select(violation_history).where(violation_history.c.violation == violation)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(violation_history.c.row)).mappings().all()
        return [ViolationEntry(**(dict(row) | {"transition": Transition(row["transition"])})) for row in rows]
