"""What officers do to violations, and what time does: in row, history, chain, audit and feed, or nowhere."""

from typing import Any

from sqlalchemy import select

from rules.lifecycle.item import MANAGEMENT
from rules.review.case import ViolationState
from rules.review.deeds import CorrectPlate, Decide, Escalate, Remark, ReviewDeed, expire, review
from store.operations.audit import AuditEntry, append_audit
from store.operations.cursors import cursor, move_cursor
from store.operations.database import OperationsDatabase
from store.operations.errors import NoSuchRecordError, VersionConflictError
from store.operations.review_rows import Reviewed, lock_reviewed, seal, write_steps
from store.operations.review_tables import violation_reviews
from store.operations.tables import violations

__all__ = ["ReviewDesk"]

_ACTIONS: dict[type, str] = {
    Decide: "violation.decide",
    Escalate: "violation.escalate",
    CorrectPlate: "violation.correct",
    Remark: "violation.comment",
}
_AT_ONCE = 200
_CURSOR = "evidence-seal"


class ReviewDesk:
    """Where officers' deeds come in.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def perform(
        self,
        violation: str,
        deed: ReviewDeed,
        *,
        by: tuple[str, int],
        officers: int,
        expected_version: int | None,
    ) -> Reviewed:
        """The violation after somebody's deed at a moment. One whose effect stands already changes nothing.

        Raises:
            NoSuchRecordError: there is no such violation.
            ReviewRefusedError: its state does not allow the deed.
            VersionConflictError: it is not at `expected_version`.
        """
        who, at_ms = by
        with self._database.write() as connection:
            standing = lock_reviewed(connection, violation, at_ms)
            if standing is None:
                raise NoSuchRecordError("violation", violation)
            case, steps = review(standing.case, deed, who=who, at_ms=at_ms, officers=officers)
            if not steps:
                return standing
            if expected_version not in (None, standing.record.version):
                raise VersionConflictError(expected_version, standing.record.version)
            append_audit(connection, _audit(standing, deed, by))
            return write_steps(connection, standing, case, steps, by)

    def seal_new(self, now_ms: int) -> int:
        """Put violations that detection added into the chain, a few hundred at most; gives how many."""
        with self._database.write() as connection:
            number = violations.c.number
            query = select(violations).where(number > cursor(connection, _CURSOR)).order_by(number)
            rows = connection.execute(query.limit(_AT_ONCE).with_for_update()).mappings().all()
            if rows:
                # Asked once the locks are held: an officer may have been first, and then it is sealed.
                asked = violation_reviews.c.violation.in_([row["id"] for row in rows])
                known = set(connection.execute(select(violation_reviews.c.violation).where(asked)).scalars())
                new = [row for row in rows if row["id"] not in known]
                seal(connection, new, now_ms)
                move_cursor(connection, _CURSOR, rows[-1]["number"])
        return len(rows)

    def expire_old(self, now_ms: int, within_ms: int) -> int:
        """Let suspicions expire that nobody decided in time; gives how many."""
        query = (
            select(violations.c.id)
            .where(
                violations.c.state == ViolationState.SUSPECTED,
                violations.c.occurred_at_ms < now_ms - within_ms,
            )
            .order_by(violations.c.number)
            .limit(_AT_ONCE)
        )
        with self._database.read() as connection:
            ids = connection.execute(query).scalars().all()
        for violation in ids:
            self._expire(violation, now_ms, within_ms)
        return len(ids)

    def _expire(self, violation: str, now_ms: int, within_ms: int) -> None:
        with self._database.write() as connection:
            standing = lock_reviewed(connection, violation, now_ms)
            if standing is None:
                return
            case, steps = expire(standing.case, now_ms=now_ms, within_ms=within_ms)
            if steps:
                write_steps(connection, standing, case, steps, (MANAGEMENT, now_ms))


def _audit(standing: Reviewed, deed: ReviewDeed, by: tuple[str, int]) -> AuditEntry:
    detail: dict[str, Any] = {"number": standing.record.number}
    if isinstance(deed, Decide):
        # Words and plates stand in the violation's history alone: the audit is kept when they are erased.
        detail |= {"verdict": deed.verdict, "reason": deed.reason}
    return AuditEntry(
        at_ms=by[1], who=by[0], action=_ACTIONS[type(deed)], target=standing.record.id, detail=detail
    )
