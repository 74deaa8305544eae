"""Suspected violations: find and read."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from api.auth import Caller, Scope, needs
from api.masking import masked
from api.models.violations import ViolationView
from api.paging import Cursor, Limit, PageView, link_next, number_before
from api.parameters import AreaFilter, DeviceFilter, RuleFilter
from api.services import ApiServices, Services
from api.times import QueryMoment
from store.operations.audit import AuditEntry
from store.operations.records import ViolationRecord, ViolationState
from store.operations.violations import ViolationFilter

__all__ = ["router"]

router = APIRouter(prefix="/v1/violations", tags=["violations"])

_Reader = Annotated[Caller, needs(Scope.VIOLATIONS_READ)]
ViolationId = Annotated[str, Path(max_length=36, pattern="^[0-9a-f-]+$", description="Id of the violation")]
TypeFilter = Annotated[
    str | None, Query(alias="type", pattern="^[a-z][a-z0-9-]{0,63}$", description="Such as speeding")
]


@router.get("")
def list_violations(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    response: Response,
    services: Services,
    caller: _Reader,
    state: Literal["suspected"] | None = None,
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
    """Suspected violations, the newest found first. Plates are masked unless the key may read them."""
    wanted = ViolationFilter(
        state=ViolationState(state) if state else None,
        type=violation_type,
        device=device,
        area=area,
        rule=rule,
        from_ms=occurred_from,
        to_ms=occurred_to,
    )
    page = services.operations.violations.list(wanted, before=number_before(cursor), limit=limit)
    items = _views(page.items, caller, services)
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.get("/{violation}")
def get_violation(
    violation: ViolationId, response: Response, services: Services, caller: _Reader
) -> ViolationView:
    """One suspected violation."""
    record = services.operations.violations.get(violation)
    response.headers["ETag"] = f'"{record.version}"'
    return _views([record], caller, services)[0]


def _views(records: Sequence[ViolationRecord], caller: Caller, services: ApiServices) -> list[ViolationView]:
    """The violations as this caller may see them; what is shown whole is written down first."""
    whole = caller.may(Scope.PLATE_READ)
    shown = [record.id for record in records if record.plate is not None]
    if whole and shown:
        entry = AuditEntry(
            at_ms=services.clock.now_ms(),
            who=caller.name,
            action="plate.read",
            target=shown[0] if len(shown) == 1 else "violations",
            detail={"violations": shown},
        )
        services.operations.audit.append(entry)
    registry = services.registry()
    visible = records if whole else [masked(record) for record in records]
    return [ViolationView.of(record, registry, plate_masked=not whole) for record in visible]
