"""Violations: find and read, and the queue of those that wait for an officer."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.auth import Caller, Scope, needs
from api.masking import masked_entry, masked_review
from api.models.review import ViolationEntryView
from api.models.violations import ViolationView
from api.paging import Cursor, Limit, PageView, link_next, number_before
from api.parameters import AreaFilter, DeviceFilter, RuleFilter
from api.plates import ReadingReason, sees_plates
from api.services import ApiServices, Services
from api.times import QueryMoment
from rules.review.case import ViolationState
from store.operations.review_rows import Reviewed
from store.operations.violations import ViolationFilter

__all__ = ["ViolationId", "router", "violation_views"]

router = APIRouter(prefix="/v1/violations", tags=["violations"])

_Reader = Annotated[Caller, needs(Scope.VIOLATIONS_READ)]
ViolationId = Annotated[str, Path(max_length=36, pattern="^[0-9a-f-]+$", description="Id of the violation")]
TypeFilter = Annotated[
    str | None, Query(alias="type", pattern="^[a-z][a-z0-9_-]{0,63}$", description="Such as speeding")
]


@router.get("")
def list_violations(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    response: Response,
    services: Services,
    caller: _Reader,
    reason: ReadingReason,
    state: ViolationState | None = None,
    violation_type: TypeFilter = None,
    device: DeviceFilter = None,
    area: AreaFilter = None,
    rule: RuleFilter = None,
    occurred_from: Annotated[
        QueryMoment | None, Query(alias="from", description="Occurred then or later")
    ] = None,
    occurred_to: Annotated[QueryMoment | None, Query(alias="to", description="Occurred before")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[ViolationView]:
    """Violations, the newest found first. Plates are masked unless the key may read them and says why."""
    wanted = ViolationFilter(
        state=state,
        type=violation_type,
        device=device,
        area=area,
        rule=rule,
        from_ms=occurred_from,
        to_ms=occurred_to,
    )
    page = services.operations.violations.list(wanted, before=number_before(cursor), limit=limit)
    items = violation_views(services.operations.reviews.of(page.items), caller, reason, services)
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.get("/queue")
def list_queue(  # noqa: PLR0913, PLR0917 - each is a part of the question
    request: Request,
    response: Response,
    services: Services,
    caller: _Reader,
    reason: ReadingReason,
    escalated: Annotated[bool, Query(description="Those that another officer left to you")] = False,  # noqa: FBT002
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[ViolationView]:
    """Violations that wait for an officer, the most certain first. Certainty orders, and decides nothing."""
    states = [ViolationState.ESCALATED] if escalated else [ViolationState.SUSPECTED]
    page = services.operations.reviews.queue(states=states, after=number_before(cursor), limit=limit)
    items = violation_views(page.items, caller, reason, services)
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.get("/{violation}")
def get_violation(
    violation: ViolationId, response: Response, services: Services, caller: _Reader, reason: ReadingReason
) -> ViolationView:
    """One violation. Its ETag is what a later change sends as If-Match."""
    reviewed = services.operations.reviews.get(violation)
    response.headers["ETag"] = f'"{reviewed.record.version}"'
    return violation_views([reviewed], caller, reason, services)[0]


@router.get("/{violation}/history")
def get_violation_history(
    violation: ViolationId, services: Services, caller: _Reader, reason: ReadingReason
) -> list[ViolationEntryView]:
    """What happened to a violation, oldest first: who did what, when and why."""
    reviewed = services.operations.reviews.get(violation)
    entries = services.operations.reviews.history(violation)
    if not sees_plates(services, caller, reason, [reviewed]):
        entries = [masked_entry(entry, reviewed) for entry in entries]
    return [ViolationEntryView.of(entry) for entry in entries]


def violation_views(
    shown: Sequence[Reviewed], caller: Caller, reason: str | None, services: ApiServices
) -> list[ViolationView]:
    """The violations as this caller may see them; what is shown whole is written down first."""
    whole = sees_plates(services, caller, reason, shown)
    registry = services.registry()
    visible = shown if whole else [masked_review(one) for one in shown]
    return [ViolationView.of(one.record, registry, plate_masked=not whole, reviewed=one) for one in visible]
