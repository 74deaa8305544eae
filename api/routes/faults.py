"""Faults: find, read, explain, acknowledge."""

import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request, Response

from api.auth import Caller, Scope, needs
from api.models.common import LabelView, RuleRef
from api.models.faults import AcknowledgeRequest, FaultView, HistoryView, WhyView
from api.paging import Cursor, Limit, PageView, link_next, number_before
from api.parameters import AreaFilter, DeviceFilter, KindFilter, RuleFilter
from api.problems import Problem, ProblemKind
from api.services import Services
from rules.faults import Severity
from store.operations.faults import FaultFilter
from store.operations.records import FaultRecord, FaultState

__all__ = ["router"]

router = APIRouter(prefix="/v1/faults", tags=["faults"])

_READS = needs(Scope.FAULTS_READ)
_CONFLICTS: dict[int | str, dict[str, Any]] = {
    409: {"description": "Somebody else acknowledged it"},
    412: {"description": "The fault has changed since the ETag in If-Match"},
}
_ETAG = re.compile(r'"(\d{1,9})"')
FaultId = Annotated[str, Path(max_length=36, pattern="^[0-9a-f-]+$", description="Id of the fault")]


@router.get("", dependencies=[_READS])
def list_faults(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    response: Response,
    services: Services,
    state: Literal["active", "cleared"] | None = None,
    acknowledged: bool | None = None,
    number: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    device: DeviceFilter = None,
    kind: KindFilter = None,
    area: AreaFilter = None,
    severity: Severity | None = None,
    rule: RuleFilter = None,
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
    )
    page = services.operations.faults.list(wanted, before=number_before(cursor), limit=limit)
    registry = services.registry()
    items = [FaultView.of(record, registry) for record in page.items]
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.get("/{fault}", dependencies=[_READS])
def get_fault(fault: FaultId, response: Response, services: Services) -> FaultView:
    """One fault. Its ETag is what a later change sends as If-Match."""
    return _view(services.operations.faults.get(fault), response, services)


@router.get("/{fault}/history", dependencies=[_READS])
def get_history(fault: FaultId, services: Services) -> list[HistoryView]:
    """The steps of a fault's life, oldest first."""
    return [HistoryView.of(entry) for entry in services.operations.faults.history(fault)]


@router.get("/{fault}/why", dependencies=[_READS])
def get_why(fault: FaultId, services: Services) -> WhyView:
    """What explains that the fault was raised."""
    faults = services.operations.faults
    record = faults.get(fault)
    return WhyView(
        fault=record.id,
        title=LabelView.of(record.title),
        rule=RuleRef(id=record.rule, version=record.rule_version),
        why=dict(faults.why(fault)),
    )


@router.post("/{fault}/acknowledge", responses=_CONFLICTS)
def acknowledge(
    fault: FaultId,
    body: AcknowledgeRequest,
    response: Response,
    services: Services,
    caller: Annotated[Caller, needs(Scope.FAULTS_ACKNOWLEDGE)],
    if_match: Annotated[str | None, Header(max_length=64, description="The ETag that was read")] = None,
) -> FaultView:
    """Take note of a fault. Doing it again changes nothing; somebody else's acknowledgement is a conflict."""
    record = services.operations.faults.acknowledge(
        fault,
        who=caller.name,
        at_ms=services.clock.now_ms(),
        comment=body.comment,
        expected_version=_expected_version(if_match),
    )
    return _view(record, response, services)


def _view(record: FaultRecord, response: Response, services: Services) -> FaultView:
    response.headers["ETag"] = f'"{record.version}"'
    return FaultView.of(record, services.registry())


def _expected_version(if_match: str | None) -> int | None:
    """The version that an If-Match header insists on; None for any.

    Raises:
        Problem: it is no ETag of a fault, so it cannot match.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        detail = f'If-Match must be the ETag of a fault, such as "3", or *, got {if_match!r}'
        raise Problem(ProblemKind.VERSION, detail, field="If-Match")
    return int(match[1])
