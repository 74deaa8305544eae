"""What an officer does to a suspected violation, as a pure function: the case after it, and the steps.

A deed whose effect stands already gives no step: the answer to the first request may have been lost.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rules.lifecycle.item import MANAGEMENT, Step
from rules.lifecycle.transition import Transition
from rules.review.case import Case, Opinion, RejectionReason, Verdict, ViolationState, same_person
from rules.review.errors import ReviewRefusedError

__all__ = ["CorrectPlate", "Decide", "Escalate", "Remark", "ReviewDeed", "expire", "review"]

_TWO = 2


@dataclass(frozen=True, kw_only=True)
class Decide:
    """Confirm, or reject for a reason."""

    verdict: Verdict
    reason: RejectionReason | None = None
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Escalate:
    """Leave the decision to another officer, and say why."""

    comment: str


@dataclass(frozen=True, kw_only=True)
class CorrectPlate:
    """Put down the plate that the pictures show; the camera's reading stays beside it."""

    plate: str
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Remark:
    """Say something about the violation."""

    comment: str


ReviewDeed = Decide | Escalate | CorrectPlate | Remark
Result = tuple[Case, list[Step]]


def review(case: Case, deed: ReviewDeed, *, who: str, at_ms: int, officers: int = 1) -> Result:
    """The case after a deed, and its steps. `officers` is how many must agree on a decision: 1 or 2.

    Raises:
        ReviewRefusedError: the state of the violation does not allow it.
    """
    if isinstance(deed, Decide):
        return _decide(case, deed, (who, at_ms), officers)
    return _PERFORMED[type(deed)](case, deed, who, at_ms)


def expire(case: Case, *, now_ms: int, within_ms: int) -> Result:
    """The case when nobody decided within a time after it occurred; the same case, if its time is not over.

    One that was escalated waits for whoever it was left to.
    """
    if case.state is not ViolationState.SUSPECTED or now_ms - case.occurred_at_ms <= within_ms:
        return case, []
    expired = replace(
        case, state=ViolationState.EXPIRED, decided_by=MANAGEMENT, decided_at_ms=now_ms, opinion=None
    )
    return expired, [Step(transition=Transition.EXPIRED, why={"within_ms": within_ms})]


def _decide(case: Case, deed: Decide, by: tuple[str, int], officers: int) -> Result:
    who = by[0]
    _check_reason(deed)
    if (case.state, case.reason) == (deed.verdict.state, deed.reason) and same_person(
        case.decided_by or "", who
    ):
        return case, []
    _refuse_settled(case)
    if case.state is ViolationState.ESCALATED:
        if same_person(case.escalated_by or "", who):
            raise ReviewRefusedError(
                "another-officer", "who escalated a violation leaves its decision to another officer"
            )
        if case.opinion is not None and same_person(case.opinion.by, who):
            raise ReviewRefusedError("another-officer", "a disputed violation is decided by a third officer")
        return _decided(case, deed, by)
    if officers < _TWO:
        return _decided(case, deed, by)
    return (
        _one_of_two(case, deed, by) if case.opinion is None else _second_of_two(case, case.opinion, deed, by)
    )


def _check_reason(deed: Decide) -> None:
    if deed.verdict is Verdict.CONFIRM and deed.reason is not None:
        raise ReviewRefusedError("no-reason", "reasons are for rejecting; a confirmation takes a comment")
    if deed.verdict is Verdict.REJECT and deed.reason is None:
        raise ReviewRefusedError("reason", "a suspicion is rejected for a reason; give one")
    if deed.reason is RejectionReason.OTHER and not deed.comment:
        raise ReviewRefusedError("comment", "the reason 'other' wants a comment that says which")


def _one_of_two(case: Case, deed: Decide, by: tuple[str, int]) -> Result:
    opinion = Opinion(by=by[0], verdict=deed.verdict, reason=deed.reason, at_ms=by[1])
    why = {"verdict": deed.verdict, "reason": deed.reason}
    return replace(case, opinion=opinion), [
        Step(transition=Transition.FIRST_OPINION, comment=deed.comment, why=why)
    ]


def _second_of_two(case: Case, first: Opinion, deed: Decide, by: tuple[str, int]) -> Result:
    if same_person(first.by, by[0]):
        if (first.verdict, first.reason) == (deed.verdict, deed.reason):
            return case, []
        raise ReviewRefusedError(
            "another-officer", "the second of two officers must be another person than the first"
        )
    if first.verdict is deed.verdict:
        return _decided(case, deed, by, first_by=first.by)
    # Two officers who disagree decide nothing: a third one does.
    why = {"verdicts": {first.by: first.verdict, by[0]: deed.verdict}, "reason": deed.reason}
    disputed = replace(case, state=ViolationState.ESCALATED, escalated_by=by[0], escalated_at_ms=by[1])
    return disputed, [Step(transition=Transition.DISPUTED, comment=deed.comment, why=why)]


def _decided(case: Case, deed: Decide, by: tuple[str, int], *, first_by: str | None = None) -> Result:
    decided = replace(
        case, state=deed.verdict.state, decided_by=by[0], decided_at_ms=by[1], reason=deed.reason
    )
    transition = Transition.CONFIRMED if deed.verdict is Verdict.CONFIRM else Transition.REJECTED
    why = {"reason": deed.reason, "first_by": first_by}
    known = {name: value for name, value in why.items() if value is not None}
    return decided, [Step(transition=transition, comment=deed.comment, why=known)]


def _escalate(case: Case, deed: Escalate, who: str, at_ms: int) -> Result:
    if case.state is ViolationState.ESCALATED and same_person(case.escalated_by or "", who):
        return case, []
    _refuse_settled(case)
    if case.state is ViolationState.ESCALATED:
        raise ReviewRefusedError("escalated", "the violation is escalated already")
    escalated = replace(case, state=ViolationState.ESCALATED, escalated_by=who, escalated_at_ms=at_ms)
    return escalated, [Step(transition=Transition.HANDED_ON, comment=deed.comment)]


def _correct(case: Case, deed: CorrectPlate, who: str, at_ms: int) -> Result:
    plate = " ".join(unicodedata.normalize("NFC", deed.plate).upper().split())
    if plate == case.present_plate:
        return case, []
    _refuse_settled(case)
    # What the first officer found was about another plate.
    corrected = replace(case, corrected_plate=plate, corrected_by=who, corrected_at_ms=at_ms, opinion=None)
    why = {"plate": plate, "before": case.present_plate}
    return corrected, [Step(transition=Transition.PLATE_CORRECTED, comment=deed.comment, why=why)]


def _remark(case: Case, deed: Remark, _who: str, _at_ms: int) -> Result:
    return case, [Step(transition=Transition.COMMENTED, comment=deed.comment)]


def _refuse_settled(case: Case) -> None:
    if not case.state.is_open:
        raise ReviewRefusedError(
            "settled", f"the violation is {case.state.value} already, by {case.decided_by!r}"
        )


_PERFORMED: Mapping[type, Callable[[Case, Any, str, int], Result]] = {
    Escalate: _escalate,
    CorrectPlate: _correct,
    Remark: _remark,
}
