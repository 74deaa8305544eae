"""Reading and writing a violation under review: its row, what review keeps beside it, history and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from rules.lifecycle.item import Step
from rules.lifecycle.transition import Transition
from rules.review.case import Case, Opinion, RejectionReason, Verdict
from rules.review.certainty import Certainty, certainty_of
from store.evidence.chain import LinkKind
from store.operations.changes import Step as Change
from store.operations.changes import append_changes
from store.operations.evidence_links import NewLink, append_links
from store.operations.picture_rows import PictureState, waiting_rows
from store.operations.records import ViolationRecord, from_row
from store.operations.review_tables import evidence_pictures, violation_history, violation_reviews
from store.operations.tables import violations

__all__ = [
    "PLAIN_FACTS", "Reviewed", "certainty_now", "lock_reviewed", "read_reviewed", "reviewed_of", "seal",
    "write_steps",
]  # fmt: skip

PLAIN_FACTS = (
    "id", "number", "rule", "rule_version", "type", "title_vi", "title_en", "device", "kind", "area",
    "occurred_at_ms", "detected_at_ms", "lane", "vehicle_class",
)  # fmt: skip
"""The columns of a violation that a link shows as they are; what is in no other list may be personal."""
_CHANGING = frozenset({"state", "version", "revision"})
_OPINION = ("opinion_by", "opinion_verdict", "opinion_reason", "opinion_at_ms")
_OF_CASE = (
    "corrected_plate", "corrected_by", "corrected_at_ms", "escalated_by", "escalated_at_ms", "decided_by",
    "decided_at_ms", "reason",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """A violation, and what review knows of it."""

    record: ViolationRecord
    case: Case
    certainty: Certainty


def reviewed_of(record: ViolationRecord, row: RowMapping | None) -> Reviewed:
    """A violation with the row of its review; one that was not sealed yet has none."""
    if row is None:
        case = Case(state=record.state, occurred_at_ms=record.occurred_at_ms, plate=record.plate)
        return Reviewed(record=record, case=case, certainty=_certainty(record, case, 0))
    opinion = None
    if row["opinion_by"] is not None:
        opinion = Opinion(
            by=row["opinion_by"],
            verdict=Verdict(row["opinion_verdict"]),
            reason=_reason(row["opinion_reason"]),
            at_ms=row["opinion_at_ms"],
        )
    values = {name: row[name] for name in _OF_CASE} | {"reason": _reason(row["reason"])}
    case = Case(
        state=record.state,
        occurred_at_ms=record.occurred_at_ms,
        plate=record.plate,
        opinion=opinion,
        **values,
    )
    return Reviewed(record=record, case=case, certainty=Certainty(row["certainty"], row["inputs"]))


def read_reviewed(connection: Connection, records: Sequence[ViolationRecord]) -> list[Reviewed]:
    """The violations with their reviews, in the same order."""
    query = select(violation_reviews).where(violation_reviews.c.violation.in_([r.id for r in records]))
    rows = {row["violation"]: row for row in connection.execute(query).mappings()}
    return [reviewed_of(record, rows.get(record.id)) for record in records]


def lock_reviewed(connection: Connection, violation: str, at_ms: int) -> Reviewed | None:
    """A violation, sealed and locked until the transaction ends; None where there is none."""
    query = select(violations).where(violations.c.id == violation).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    known = select(violation_reviews).where(violation_reviews.c.violation == violation)
    review = connection.execute(known).mappings().one_or_none()
    if review is None:
        seal(connection, [row], at_ms)
        review = connection.execute(known).mappings().one()
    return reviewed_of(from_row(ViolationRecord, row), review)


def seal(connection: Connection, rows: Sequence[RowMapping], at_ms: int) -> None:
    """Put violations as detection found them into the chain, and begin their reviews and histories."""
    if not rows:
        return
    links, reviews, pictures = [], [], []
    for row in rows:
        record = from_row(ViolationRecord, row)
        entry = _note(
            connection, record.id, record.detected_at_ms, ("detection", Transition.SUSPECTED, None, {})
        )
        plain = {name: row[name] for name in PLAIN_FACTS} | {"row": entry, "state": str(record.state)}
        personal = {name: row[name] for name in row if name not in (*PLAIN_FACTS, *_CHANGING)}
        links.append(
            NewLink(at_ms=at_ms, kind=LinkKind.SUSPECTED, violation=record.id, plain=plain, personal=personal)
        )
        fresh = reviewed_of(record, None)
        reviews.append(_review_row(fresh) | _certainty_row(fresh.certainty))
        pictures += waiting_rows(record, at_ms)
    connection.execute(insert(violation_reviews), reviews)
    if pictures:
        connection.execute(insert(evidence_pictures), pictures)
    append_links(connection, links)


def write_steps(
    connection: Connection, standing: Reviewed, case: Case, steps: Sequence[Step], by: tuple[str, int]
) -> Reviewed:
    """The violation after steps that somebody took at a moment: row, review, history, chain, feed.

    Hold its lock; call it last in its transaction.
    """
    who, at_ms = by
    record = replace(standing.record, state=case.state, version=standing.record.version + 1)
    links = []
    for step in steps:
        entry = _note(connection, record.id, at_ms, (who, step.transition, step.comment, step.why))
        plain = {
            "row": entry, "who": who, "transition": str(step.transition), "state": str(record.state),
            "version": record.version,
        }  # fmt: skip
        personal = {"comment": step.comment, "why": dict(step.why)}
        links.append(
            NewLink(at_ms=at_ms, kind=LinkKind.DECISION, violation=record.id, plain=plain, personal=personal)
        )
    after = Reviewed(record=record, case=case, certainty=certainty_now(connection, record, case))
    values = _review_row(after) | _certainty_row(after.certainty)
    connection.execute(
        update(violation_reviews).where(violation_reviews.c.violation == record.id).values(values)
    )
    append_links(connection, links)
    final = append_changes(connection, [Change(record, step.transition, at_ms) for step in steps])[-1]
    changed = {"state": final.state, "version": final.version, "revision": final.revision}
    connection.execute(update(violations).where(violations.c.id == final.id).values(changed))
    return replace(after, record=final)


def certainty_now(connection: Connection, record: ViolationRecord, case: Case) -> Certainty:
    """The certainty of a violation with the pictures that are kept now."""
    kept = (evidence_pictures.c.violation == record.id) & (evidence_pictures.c.state == PictureState.KEPT)
    count: int = connection.execute(
        select(func.count()).select_from(evidence_pictures).where(kept)
    ).scalar_one()
    return _certainty(record, case, count)


def _note(
    connection: Connection,
    violation: str,
    at_ms: int,
    said: tuple[str, Transition, str | None, Mapping[str, Any]],
) -> int:
    """Add a row to the history; gives its number."""
    who, transition, comment, why = said
    row = {
        "violation": violation, "at_ms": at_ms, "who": who, "transition": transition, "comment": comment,
        "why": dict(why),
    }  # fmt: skip
    number: int = connection.execute(
        insert(violation_history).values(row).returning(violation_history.c.row)
    ).scalar_one()
    return number


def _review_row(reviewed: Reviewed) -> dict[str, Any]:
    case, opinion = reviewed.case, reviewed.case.opinion
    of_opinion: Sequence[Any] = (
        (None,) * len(_OPINION)
        if opinion is None
        else (opinion.by, opinion.verdict, opinion.reason, opinion.at_ms)
    )
    return {
        "violation": reviewed.record.id,
        "number": reviewed.record.number,
        **{name: getattr(case, name) for name in _OF_CASE},
        **dict(zip(_OPINION, of_opinion, strict=True)),
    }


def _certainty_row(certainty: Certainty) -> dict[str, Any]:
    return {"certainty": certainty.per_mille, "inputs": dict(certainty.inputs)}


def _certainty(record: ViolationRecord, case: Case, pictures: int) -> Certainty:
    return certainty_of(
        type_=record.type,
        plate=case.present_plate,
        confidence=record.plate_confidence,
        is_corrected=case.corrected_plate is not None,
        measured=record.measured,
        pictures=pictures,
    )


def _reason(text: str | None) -> RejectionReason | None:
    return None if text is None else RejectionReason(text)
