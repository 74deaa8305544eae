"""What officers do to violations: decide, leave to another officer, correct a plate, remark.

Every change but a remark names the version that was read: nobody decides on what they did not see.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Response

from api.auth import Caller, Scope, needs
from api.models.review import CorrectRequest, DecideRequest, EscalateRequest, RemarkRequest
from api.models.violations import ViolationView
from api.plates import ReadingReason
from api.problems import Problem, ProblemKind
from api.routes.violations import ViolationId, violation_views
from api.services import Services
from api.versions import IfMatch, expected_version
from rules.review.deeds import ReviewDeed

__all__ = ["router"]

router = APIRouter(prefix="/v1/violations", tags=["violations"])

_CONFLICTS: dict[int | str, dict[str, Any]] = {
    409: {"description": "The violation's state does not allow it, or another officer must do it"},
    412: {"description": "The violation has changed since the ETag in If-Match"},
    428: {"description": "If-Match is missing"},
}
_Officer = Annotated[Caller, needs(Scope.VIOLATIONS_REVIEW)]


@router.post("/{violation}/decide", responses=_CONFLICTS)
def decide_violation(  # noqa: PLR0913, PLR0917 - the framework's parts of a request
    violation: ViolationId,
    body: DecideRequest,
    response: Response,
    services: Services,
    caller: _Officer,
    reason: ReadingReason,
    if_match: IfMatch = None,
) -> ViolationView:
    """Confirm or reject a violation. Where two officers must agree, the second is another person."""
    _want_version(if_match)
    return _done(violation, body.deed(), response, services, (caller, if_match, reason))


@router.post("/{violation}/escalate", responses=_CONFLICTS)
def escalate_violation(  # noqa: PLR0913, PLR0917 - the framework's parts of a request
    violation: ViolationId,
    body: EscalateRequest,
    response: Response,
    services: Services,
    caller: _Officer,
    reason: ReadingReason,
    if_match: IfMatch = None,
) -> ViolationView:
    """Leave a violation to another officer, who then decides alone."""
    _want_version(if_match)
    return _done(violation, body.deed(), response, services, (caller, if_match, reason))


@router.post("/{violation}/correct-plate", responses=_CONFLICTS)
def correct_violation_plate(  # noqa: PLR0913, PLR0917 - the framework's parts of a request
    violation: ViolationId,
    body: CorrectRequest,
    response: Response,
    services: Services,
    caller: _Officer,
    reason: ReadingReason,
    if_match: IfMatch = None,
) -> ViolationView:
    """Put down the plate that the pictures show. A first officer's opinion about another plate is void."""
    _want_version(if_match)
    return _done(violation, body.deed(), response, services, (caller, if_match, reason))


@router.post("/{violation}/comment", responses=_CONFLICTS)
def comment_violation(  # noqa: PLR0913, PLR0917 - the framework's parts of a request
    violation: ViolationId,
    body: RemarkRequest,
    response: Response,
    services: Services,
    caller: _Officer,
    reason: ReadingReason,
    if_match: IfMatch = None,
) -> ViolationView:
    """Say something about a violation. Sending it twice says it twice."""
    return _done(violation, body.deed(), response, services, (caller, if_match, reason))


def _want_version(if_match: str | None) -> None:
    """Refuse a change by somebody who does not say what they read.

    Raises:
        Problem: there is no If-Match.
    """
    if if_match is None:
        detail = "send the violation's ETag as If-Match: officers decide on what they have read"
        raise Problem(ProblemKind.VERSION_WANTED, detail, field="If-Match")


def _done(
    violation: str,
    deed: ReviewDeed,
    response: Response,
    services: Services,
    by: tuple[Caller, str | None, str | None],
) -> ViolationView:
    """The violation after one deed."""
    caller, if_match, reason = by
    reviewed = services.operations.review_desk.perform(
        violation,
        deed,
        by=(caller.name, services.clock.now_ms()),
        officers=services.review_officers,
        expected_version=expected_version(if_match),
    )
    response.headers["ETag"] = f'"{reviewed.record.version}"'
    return violation_views([reviewed], caller, reason, services)[0]
