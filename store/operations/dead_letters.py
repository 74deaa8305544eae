"""Dead letters: input that broke a rule, kept for the person who repairs the device."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, literal, or_, select

from store.operations.database import OperationsDatabase
from store.operations.errors import NoSuchRecordError
from store.operations.paging import Page
from store.operations.tables import dead_letter_replays, dead_letters

__all__ = ["DeadLetter", "DeadLetterFilter", "DeadLetterRepository", "ReplayState", "letters_with_replay"]

_LETTERS, _REPLAYS = dead_letters.c, dead_letter_replays.c


class ReplayState(StrEnum):
    """Where a replay stands. `good`: nothing was refused; `refused`: there is a new dead letter."""

    WAITING = "waiting"
    GOOD = "good"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One rejected record, which may hold personal data.

    `payload` may be cut; `payload_bytes` is how long it was. `replay` is None where nobody asked for one;
    `refused_as` is the row of the dead letter that a refused replay became.
    """

    row: int
    reason: str
    detail: str
    topic: str
    payload: bytes
    payload_bytes: int
    received_at_ms: int
    replay: ReplayState | None = None
    refused_as: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all of it was kept, so that it can be replayed."""
        return len(self.payload) == self.payload_bytes


@dataclass(frozen=True, kw_only=True)
class DeadLetterFilter:
    """Which dead letters; None is any.

    `device` is a level of the topic, `topic` a part of it. Received from `from_ms` on and before `to_ms`.
    `replayed`: whether somebody asked for a replay.
    """

    reason: str | None = None
    device: str | None = None
    topic: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    replayed: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter for a query over letters and their replays."""
        found: list[ColumnElement[bool]] = []
        if self.reason is not None:
            found.append(_LETTERS.reason == self.reason)
        if self.device is not None:
            found.append((literal("/") + _LETTERS.topic + "/").contains(f"/{self.device}/", autoescape=True))
        if self.topic is not None:
            found.append(_LETTERS.topic.contains(self.topic, autoescape=True))
        if self.from_ms is not None:
            found.append(_LETTERS.received_at_ms >= self.from_ms)
        if self.to_ms is not None:
            found.append(_LETTERS.received_at_ms < self.to_ms)
        if self.replayed is not None:
            found.append(_REPLAYS.letter.is_not(None) if self.replayed else _REPLAYS.letter.is_(None))
        return found


class DeadLetterRepository:
    """Dead letters, newest first.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def get(self, row: int) -> DeadLetter:
        """One dead letter.

        Raises:
            NoSuchRecordError: there is none of that row.
        """
        with self._database.read() as connection:
            found = (
                connection.execute(letters_with_replay().where(_LETTERS.row == row)).mappings().one_or_none()
            )
        if found is None:
            raise NoSuchRecordError("dead letter", str(row))
        return _letter(found)

    def list(
        self, wanted: DeadLetterFilter | None = None, *, before: int | None = None, limit: int = 100
    ) -> Page[DeadLetter, int]:
        """Dead letters that the filter lets through, from those before the row `before`."""
        query = letters_with_replay().where(*(wanted or DeadLetterFilter()).conditions())
        if before is not None:
            query = query.where(_LETTERS.row < before)
        query = query.order_by(_LETTERS.row.desc()).limit(limit + 1)
        with self._database.read() as connection:
            letters = [_letter(row) for row in connection.execute(query).mappings()]
        return Page(letters[:limit], letters[limit - 1].row if len(letters) > limit else None)

    def counts(self, wanted: DeadLetterFilter | None = None) -> Mapping[str, int]:
        """How many the filter lets through, by reason."""
        query = (
            select(_LETTERS.reason, func.count())
            .select_from(dead_letters.outerjoin(dead_letter_replays, _REPLAYS.letter == _LETTERS.row))
            .where(*(wanted or DeadLetterFilter()).conditions())
            .group_by(_LETTERS.reason)
        )
        with self._database.read() as connection:
            return dict(sorted((reason, count) for reason, count in connection.execute(query)))

    def purge(self, before_ms: int, keep_newest: int | None = None) -> int:
        """Remove those received before a moment, with their replays; how many there were.

        With `keep_newest` also the oldest beyond so many: what floods in must not fill the disk.
        """
        is_old = _LETTERS.received_at_ms < before_ms
        with self._database.write() as connection:
            if keep_newest is not None:
                newest = connection.execute(select(func.max(_LETTERS.row))).scalar() or 0
                is_old = or_(is_old, _LETTERS.row <= newest - keep_newest)
            old = select(_LETTERS.row).where(is_old)
            connection.execute(delete(dead_letter_replays).where(_REPLAYS.letter.in_(old)))
            return connection.execute(delete(dead_letters).where(is_old)).rowcount


def letters_with_replay() -> Select[Any]:
    """A query for all dead letters with the columns of `DeadLetter`."""
    columns = [_LETTERS[name] for name in DeadLetter.__dataclass_fields__ if name in _LETTERS]
    again = dead_letters.alias("again")
    # A replay keeps the time of the first receipt, so what it became is the next letter of its topic and
    # time.
    refused_as = (
        select(func.min(again.c.row))
        .where(again.c.row > _LETTERS.row)
        .where(again.c.received_at_ms == _LETTERS.received_at_ms)
        .where(again.c.topic == _LETTERS.topic)
        .where(_REPLAYS.state == ReplayState.REFUSED.value)
        .scalar_subquery()
    )
    joined = dead_letters.outerjoin(dead_letter_replays, _REPLAYS.letter == _LETTERS.row)
    return select(*columns, _REPLAYS.state.label("replay"), refused_as.label("refused_as")).select_from(
        joined
    )


def _letter(row: Mapping[Any, Any]) -> DeadLetter:
    state = row["replay"]
    return DeadLetter(**dict(row) | {"replay": None if state is None else ReplayState(state)})
