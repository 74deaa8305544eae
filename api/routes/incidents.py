"""Incidents: find and read, with their faults and what happened to them."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.auth import Caller, Scope, needs
from api.held import fault_views
from api.models.faults import FaultView
from api.models.incidents import IncidentEventView, IncidentView
from api.paging import Cursor, Limit, PageView, link_next, number_before
from api.parameters import AreaFilter, DeviceFilter, KindFilter, RuleFilter
from api.seen import seen_incident
from api.services import Services
from rules.faults import Severity
from rules.management.incident import IncidentState
from store.operations.incidents import IncidentFilter

__all__ = ["router"]

router = APIRouter(prefix="/v1/incidents", tags=["incidents"])

_Reader = Annotated[Caller, needs(Scope.FAULTS_READ, within=True)]
IncidentId = Annotated[str, Path(max_length=36, pattern="^[0-9a-f-]+$", description="Id of the incident")]


@router.get("")
def list_incidents(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    response: Response,
    services: Services,
    caller: _Reader,
    state: IncidentState | None = None,
    device: DeviceFilter = None,
    kind: KindFilter = None,
    area: AreaFilter = None,
    severity: Severity | None = None,
    rule: RuleFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[IncidentView]:
    """Incidents, the newest first. Device, kind, area and rule are those of the cause."""
    wanted = IncidentFilter(
        state=state, device=device, kind=kind, area=area, severity=severity, rule=rule, reach=caller.reach
    )
    page = services.operations.incidents.list(wanted, before=number_before(cursor), limit=limit)
    registry = services.registry()
    items = [IncidentView.of(record, registry) for record in page.items]
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.get("/{incident}")
def get_incident(incident: IncidentId, services: Services, caller: _Reader) -> IncidentView:
    """One incident."""
    return IncidentView.of(seen_incident(incident, services, caller), services.registry())


@router.get("/{incident}/history")
def get_incident_history(
    incident: IncidentId, services: Services, caller: _Reader
) -> list[IncidentEventView]:
    """What happened to an incident, oldest first."""
    seen_incident(incident, services, caller)
    return [IncidentEventView.of(event) for event in services.operations.incidents.history(incident)]


@router.get("/{incident}/faults")
def get_incident_faults(  # noqa: PLR0913 - each is a part of the request
    *,
    incident: IncidentId,
    request: Request,
    response: Response,
    services: Services,
    caller: _Reader,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[FaultView]:
    """The faults that belong to an incident, the newest first."""
    seen_incident(incident, services, caller)
    page = services.operations.incidents.faults(
        incident, before=number_before(cursor), limit=limit, reach=caller.reach
    )
    items = fault_views(page.items, services)
    return PageView(items=items, next=link_next(request, response, page.next_after))
