"""Pending devices: who speaks and is in no registry. Adopt or dismiss them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.auth import Caller, Scope, needs
from api.models.devices import DeviceView
from api.models.registering import AdoptRequest, PendingView
from api.paging import Cursor, Limit, PageView, link_next, number_before
from api.services import Services
from store.operations.audit import AuditEntry
from store.operations.registrar import Author

__all__ = ["router"]

router = APIRouter(prefix="/v1/pending-devices", tags=["pending devices"])

_Writer = Annotated[Caller, needs(Scope.DEVICES_WRITE)]
PendingId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the pending device")]


@router.get("")
def list_pending(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    response: Response,
    services: Services,
    caller: _Writer,
    dismissed: Annotated[bool, Query(description="Those that somebody dismissed")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[PendingView]:
    """Devices that speak and wait to be adopted, the newest first.

    The last message is shown to keys that may read dead letters, and audited.
    """
    pending = services.registrar.pending
    page = pending.list(dismissed=dismissed, before=number_before(cursor), limit=limit)
    # One that was adopted while its last words were still on their way is pending for nobody.
    registry = services.registry()
    waiting = [device for device in page.items if not device.is_in(registry)]
    with_sample = caller.may(Scope.DEAD_LETTERS_READ)
    if with_sample and waiting:
        entry = AuditEntry(
            at_ms=services.clock.now_ms(),
            who=caller.name,
            action="pending.read",
            target="pending-devices",
            detail={"newest": waiting[0].row, "oldest": waiting[-1].row},
        )
        services.operations.audit.append(entry)
    items = [PendingView.of(device, with_sample=with_sample) for device in waiting]
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.post("/{pending}/adopt")
def adopt(pending: PendingId, body: AdoptRequest, services: Services, caller: _Writer) -> DeviceView:
    """Register a pending device. What it says next is stored, without a restart."""
    author = Author(who=caller.name, at_ms=services.clock.now_ms())
    device, registry = services.registrar.adopt(pending, body.cells(), author)
    return DeviceView.of(device, registry)


@router.post("/{pending}/dismiss", status_code=204)
def dismiss(pending: PendingId, services: Services, caller: _Writer) -> None:
    """Show a pending device no more, however often it speaks."""
    services.registrar.dismiss(pending, Author(who=caller.name, at_ms=services.clock.now_ms()))
