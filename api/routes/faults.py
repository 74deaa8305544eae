"""Faults: find, read, explain."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api.auth import Caller, Scope, needs
from api.held import causes_of, fault_views
from api.models.common import LabelView, RuleRef
from api.models.faults import FaultView, HistoryView, WhyView
from api.paging import Cursor, Limit, PageView, link_next, number_before
from api.parameters import DEVICE_PATTERN, AreaFilter, DeviceFilter, KindFilter, RuleFilter
from api.seen import seen_fault
from api.services import Services
from api.versions import FaultId, etag
from rules.faults import Severity
from rules.lifecycle.item import WorkState
from rules.management.standing import Hold
from store.operations.faults import FaultFilter
from store.operations.records import FaultState

__all__ = ["router"]

router = APIRouter(prefix="/v1/faults", tags=["faults"])

_Reader = Annotated[Caller, needs(Scope.FAULTS_READ, within=True)]


@router.get("")
def list_faults(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    response: Response,
    services: Services,
    caller: _Reader,
    state: Literal["active", "cleared"] | None = None,
    acknowledged: bool | None = None,
    number: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    device: DeviceFilter = None,
    kind: KindFilter = None,
    area: AreaFilter = None,
    severity: Severity | None = None,
    rule: RuleFilter = None,
    work: WorkState | None = None,
    assignee: Annotated[str | None, Query(pattern=DEVICE_PATTERN, description="Id of a crew")] = None,
    shelved: bool | None = None,
    out_of_service: Annotated[bool | None, Query(description="Opened in maintenance that is on")] = None,
    closed: Annotated[bool | None, Query(description="Closed by hand")] = None,
    hold: Annotated[
        Hold | None, Query(description="What management does with it, such as suppressed")
    ] = None,
    incident: Annotated[str | None, Query(max_length=36, description="Id of its incident")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[FaultView]:
    """Faults, the newest first."""
    wanted = FaultFilter(
        state=FaultState(state) if state else None,
        acknowledged=acknowledged,
        number=number,
        device=device,
        kind=kind,
        area=area,
        severity=severity,
        rule=rule,
        work=work,
        assignee=assignee,
        shelved=shelved,
        out_of_service=out_of_service,
        closed=closed,
        hold=hold,
        incident=incident,
        reach=caller.reach,
    )
    page = services.operations.faults.list(wanted, before=number_before(cursor), limit=limit)
    items = fault_views(page.items, services)
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.get("/{fault}")
def get_fault(fault: FaultId, response: Response, services: Services, caller: _Reader) -> FaultView:
    """One fault. Its ETag is what a later change sends as If-Match."""
    record = seen_fault(fault, services, caller)
    response.headers["ETag"] = etag(record)
    return fault_views([record], services)[0]


@router.get("/{fault}/history")
def get_history(fault: FaultId, services: Services, caller: _Reader) -> list[HistoryView]:
    """The steps of a fault's life, oldest first."""
    seen_fault(fault, services, caller)
    return [HistoryView.of(entry) for entry in services.operations.faults.history(fault)]


@router.get("/{fault}/why")
def get_why(fault: FaultId, services: Services, caller: _Reader) -> WhyView:
    """What explains that the fault was raised, and which faults further up explain it."""
    record = seen_fault(fault, services, caller)
    return WhyView(
        fault=record.id,
        title=LabelView.of(record.title),
        rule=RuleRef(id=record.rule, version=record.rule_version),
        why=dict(services.operations.faults.why(fault)),
        causes=causes_of(record.id, services, caller),
    )
