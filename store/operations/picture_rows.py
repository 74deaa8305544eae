"""The rows of pictures: which are to be fetched, and what became of each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from store.operations.database import OperationsDatabase
from store.operations.records import ViolationRecord
from store.operations.review_tables import evidence_pictures
from store.operations.tables import violations

__all__ = ["PictureRecord", "PictureRepository", "PictureState", "pictures_of", "waiting_rows"]

_SHA256 = re.compile("[0-9a-f]{64}")
_LONGEST_ROLE = 64


class PictureState(StrEnum):
    """What became of a picture that a camera named."""

    WAITING = "waiting"
    KEPT = "kept"
    FAILED = "failed"
    """It could not be had in time."""
    REFUSED = "refused"
    """What came is no picture, is too large, or is not the one whose hash the camera gave."""
    REMOVED = "removed"
    """Retention or an erasure took it away."""


@dataclass(frozen=True, kw_only=True)
class PictureRecord:
    """A picture of a violation. `file` is its name in the picture store; times are epoch milliseconds."""

    violation: str
    place: int
    role: str
    given_sha256: str | None
    state: PictureState
    attempts: int
    next_at_ms: int
    problem: str | None
    sha256: str | None
    media_type: str | None
    bytes: int | None
    file: str | None
    kept_at_ms: int | None

    @classmethod
    def of(cls, row: RowMapping) -> "PictureRecord":
        """The picture in a row."""
        return cls(**{**row, "state": PictureState(row["state"])})


def waiting_rows(record: ViolationRecord, at_ms: int) -> list[dict[str, Any]]:
    """Rows for the pictures that a violation names, all of them still to be fetched."""
    return [
        {
            "violation": record.id,
            "place": place,
            "role": str(image.get("role") or "overview")[:_LONGEST_ROLE],
            "given_sha256": _hash_in(image.get("sha256")),
            "state": PictureState.WAITING,
            "attempts": 0,
            "next_at_ms": at_ms,
        }
        for place, image in enumerate(record.images)
    ]


def pictures_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[PictureRecord]]:
    """The pictures of some violations, by violation, in their places."""
    query = select(evidence_pictures).where(evidence_pictures.c.violation.in_(ids))
    found: dict[str, list[PictureRecord]] = {one: [] for one in ids}
    for row in connection.execute(query.order_by(evidence_pictures.c.place)).mappings():
        found[row["violation"]].append(PictureRecord.of(row))
    return found


class PictureRepository:
    """Pictures for those who fetch and show them.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def due(self, now_ms: int, limit: int) -> list[PictureRecord]:
        """Pictures to be fetched now, those that waited longest first."""
        columns = evidence_pictures.c
        query = (
            select(evidence_pictures)
            .where(columns.state == PictureState.WAITING, columns.next_at_ms <= now_ms)
            .order_by(columns.next_at_ms, columns.violation, columns.place)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [PictureRecord.of(row) for row in connection.execute(query).mappings()]

    def of(self, ids: Sequence[str]) -> dict[str, list[PictureRecord]]:
        """The pictures of some violations, by violation, in their places."""
        with self._database.read() as connection:
            return pictures_of(connection, ids)

    def counts(self) -> dict[str, int]:
        """How many pictures there are in each state."""
        columns = evidence_pictures.c
        query = select(columns.state, func.count().label("total")).group_by(columns.state)
        with self._database.read() as connection:
            found = {row.state: row.total for row in connection.execute(query)}
        return {str(state): found.get(state, 0) for state in PictureState}

    def url(self, picture: PictureRecord) -> str | None:
        """Where the camera says that a picture is; None where it does not, or it was erased."""
        query = select(violations.c.images).where(violations.c.id == picture.violation)
        with self._database.read() as connection:
            images = connection.execute(query).scalar_one_or_none() or ()
        found = images[picture.place].get("url") if picture.place < len(images) else None
        return found if isinstance(found, str) and found else None

    def put_off(self, picture: PictureRecord, problem: str, next_at_ms: int | None) -> None:
        """Note a try that failed; `next_at_ms` is the next one, None gives up."""
        values: dict[str, Any] = {"attempts": picture.attempts + 1, "problem": problem}
        values |= {"state": PictureState.FAILED} if next_at_ms is None else {"next_at_ms": next_at_ms}
        self._change(picture, values)

    def refuse(self, picture: PictureRecord, problem: str) -> None:
        """Note that what came cannot be evidence."""
        values = {"attempts": picture.attempts + 1, "problem": problem, "state": PictureState.REFUSED}
        self._change(picture, values)

    def _change(self, picture: PictureRecord, values: Mapping[str, Any]) -> None:
        columns = evidence_pictures.c
        here = (columns.violation == picture.violation) & (columns.place == picture.place)
        # One that was removed meanwhile stays removed.
        waiting = here & (columns.state == PictureState.WAITING)
        with self._database.write() as connection:
            connection.execute(update(evidence_pictures).where(waiting).values(values))


def _hash_in(text: object) -> str | None:
    lowered = text.strip().lower() if isinstance(text, str) else ""
    return lowered if _SHA256.fullmatch(lowered) else None
