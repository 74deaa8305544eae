"""Dead letters: input that broke a rule, kept for the person who repairs the device."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from store.operations.database import OperationsDatabase
from store.operations.paging import Page
from store.operations.tables import dead_letters

__all__ = ["DeadLetter", "DeadLetterRepository"]


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One rejected record, which may hold personal data.

    `payload` may be cut; `payload_bytes` is how long it was.
    """

    row: int
    reason: str
    detail: str
    topic: str
    payload: bytes
    payload_bytes: int
    received_at_ms: int


class DeadLetterRepository:
    """Dead letters, newest first.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def list(
        self, *, reason: str | None = None, before: int | None = None, limit: int = 100
    ) -> Page[DeadLetter, int]:
        """Dead letters, from those before the row `before`, of one reason or of all."""
        columns = [dead_letters.c[name] for name in DeadLetter.__dataclass_fields__]
        query = select(*columns).order_by(dead_letters.c.row.desc()).limit(limit + 1)
        if reason is not None:
            query = query.where(dead_letters.c.reason == reason)
        if before is not None:
            query = query.where(dead_letters.c.row < before)
        with self._database.read() as connection:
            letters = [DeadLetter(**row) for row in connection.execute(query).mappings()]
        return Page(letters[:limit], letters[limit - 1].row if len(letters) > limit else None)

    def counts(self) -> Mapping[str, int]:
        """How many there are, by reason."""
        query = select(dead_letters.c.reason, func.count()).group_by(dead_letters.c.reason)
        with self._database.read() as connection:
            return dict(sorted((reason, count) for reason, count in connection.execute(query)))
