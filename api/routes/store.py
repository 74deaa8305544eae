"""The stores as a whole: a dump, of which the command line makes a backup."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from api.auth import Caller, Scope, needs
from api.problems import Problem, ProblemKind
from api.services import Services
from store.operations.audit import AuditEntry

__all__ = ["router"]

router = APIRouter(prefix="/v1/store", tags=["store"])

_MEDIA_TYPE = "application/octet-stream"


@router.post("/dump", response_class=StreamingResponse, responses={200: {"content": {_MEDIA_TYPE: {}}}})
def dump_stores(
    services: Services, caller: Annotated[Caller, needs(Scope.STORE_BACKUP)]
) -> StreamingResponse:
    """Everything at rest, in frames that `ioc store backup` reads. It holds whole plates and dead letters."""
    if services.dump is None:
        detail = "this process holds no stores of its own; run ioc store backup where their settings are"
        raise Problem(ProblemKind.NOT_FOUND, detail)
    entry = AuditEntry(
        at_ms=services.clock.now_ms(), who=caller.name, action="store.backup", target="store", detail={}
    )
    services.operations.audit.append(entry)
    return StreamingResponse(services.dump(), media_type=_MEDIA_TYPE)
