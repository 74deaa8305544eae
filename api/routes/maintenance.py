"""What maintenance windows hid."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.auth import Scope, needs
from api.models.faults import HiddenView
from api.paging import Cursor, Limit, PageView, link_next, number_before
from api.parameters import DEVICE_PATTERN
from api.services import Services

__all__ = ["router"]

router = APIRouter(prefix="/v1/maintenance-windows", tags=["faults"])

# pydantic reads the source from where a generic model is made, and that must be a whole statement.
_HiddenPage = PageView[HiddenView]
WindowId = Annotated[str, Path(pattern=DEVICE_PATTERN, description="Id of the window")]


@router.get("/{window}/faults", dependencies=[needs(Scope.FAULTS_READ)])
def list_hidden(
    *,
    window: WindowId,
    request: Request,
    response: Response,
    services: Services,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> _HiddenPage:
    """The faults that a window hid, the newest first, and whether each was still wrong at its end."""
    page = services.operations.lifecycle.hidden(window, before=number_before(cursor), limit=limit)
    registry = services.registry()
    items = [HiddenView.of(one, registry) for one in page.items]
    return PageView(items=items, next=link_next(request, response, page.next_after))
