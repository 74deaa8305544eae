"""How many suspected violations there are, by place and type."""

from sqlalchemy import func, select

from store.operations.database import OperationsDatabase
from store.operations.tables import violations

__all__ = ["ViolationCounts"]


class ViolationCounts:
    """Counts of violations; no plate leaves it.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def by_device_and_type(self, from_ms: int, to_ms: int) -> dict[tuple[str, str], int]:
        """How many occurred in [`from_ms`, `to_ms`), whatever officers made of them, by device and type."""
        key = violations.c.device, violations.c.type
        query = (
            select(*key, func.count())
            .where(violations.c.occurred_at_ms >= from_ms, violations.c.occurred_at_ms < to_ms)
            .group_by(*key)
        )
        with self._database.read() as connection:
            return {(device, kind): count for device, kind, count in connection.execute(query)}
