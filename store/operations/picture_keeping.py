"""Noting that a picture is kept: in its row and the chain, with the certainty that it adds."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from store.evidence.chain import LinkKind
from store.operations.database import OperationsDatabase
from store.operations.evidence_links import NewLink, append_links
from store.operations.picture_rows import PictureRecord, PictureState
from store.operations.review_rows import certainty_now, lock_reviewed
from store.operations.review_tables import evidence_pictures, violation_reviews

__all__ = ["KeptPicture", "keep_picture"]


@dataclass(frozen=True, kw_only=True)
class KeptPicture:
    """What is known of a picture that lies in the picture store."""

    file: str
    sha256: str
    media_type: str
    bytes: int


def keep_picture(database: OperationsDatabase, picture: PictureRecord, kept: KeptPicture, at_ms: int) -> bool:
    """Note that a picture is kept; False where nobody waits for it any more, and its file is to go.

    Raises:
        OperationsUnavailableError: the database does not answer.
    """
    with database.write() as connection:
        standing = lock_reviewed(connection, picture.violation, at_ms)
        if standing is None or not _is_waiting(connection, picture):
            return False
        columns = evidence_pictures.c
        here = (columns.violation == picture.violation) & (columns.place == picture.place)
        values = {
            **vars(kept), "state": PictureState.KEPT, "kept_at_ms": at_ms, "problem": None,
            "attempts": picture.attempts + 1,
        }  # fmt: skip
        connection.execute(update(evidence_pictures).where(here).values(values))
        certainty = certainty_now(connection, standing.record, standing.case)
        connection.execute(
            update(violation_reviews)
            .where(violation_reviews.c.violation == picture.violation)
            .values(certainty=certainty.per_mille, inputs=dict(certainty.inputs))
        )
        plain = {"place": picture.place, "role": picture.role, **vars(kept)}
        link = NewLink(at_ms=at_ms, kind=LinkKind.PICTURE, violation=picture.violation, plain=plain)
        append_links(connection, [link])
    return True


def _is_waiting(connection: Connection, picture: PictureRecord) -> bool:
    columns = evidence_pictures.c
    query = select(columns.state).where(
        columns.violation == picture.violation, columns.place == picture.place
    )
    return connection.execute(query).scalar_one_or_none() == PictureState.WAITING
