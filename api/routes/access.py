"""Who asks, the keys of everybody, and the log of what they did."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.auth import Caller, Scope, needs
from api.models.access import (
    AuditView,
    CallerView,
    ChainView,
    KeyRequest,
    KeyView,
    MadeKeyView,
    RotateRequest,
)
from api.paging import Cursor, Limit, PageView, link_next, number_before
from api.problems import Problem, ProblemKind
from api.services import Services

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["access"])

_Manager = Annotated[Caller, needs(Scope.KEYS_MANAGE)]
_MS_A_SECOND = 1_000
KeyPrefix = Annotated[str, Path(pattern="^[0-9a-f]{12}$", description="The first part of the key")]


@router.get("/me")
def get_me(caller: Annotated[Caller, needs(Scope.DEVICES_READ, within=True)]) -> CallerView:
    """Who the service takes the caller for, and what they may do."""
    return CallerView.of(caller)


@router.get("/keys", dependencies=[needs(Scope.KEYS_MANAGE)])
def list_keys(services: Services) -> list[KeyView]:
    """Every key ever made, without its secret, oldest first."""
    return [KeyView.of(key) for key in services.operations.keys.list()]


@router.post("/keys", status_code=201)
def create_key(body: KeyRequest, response: Response, services: Services, caller: _Manager) -> MadeKeyView:
    """Make a key. Its times are real time, also where the service plays another."""
    now_ms = services.real_clock.now_ms()
    if body.expires_at is not None and body.expires_at <= now_ms:
        raise Problem(ProblemKind.INVALID, "expires_at must lie ahead", field="expires_at")
    new = services.operations.keys.create(
        body.name,
        body.role,
        who=caller.name,
        at_ms=now_ms,
        scopes=body.scopes,
        expires_at_ms=body.expires_at,
        areas=body.areas,
        kinds=body.kinds,
    )
    response.headers["Cache-Control"] = "no-store"
    return MadeKeyView.made(new)


@router.post("/keys/{prefix}/rotate", status_code=201)
def rotate_key(
    prefix: KeyPrefix, body: RotateRequest, response: Response, services: Services, caller: _Manager
) -> MadeKeyView:
    """Make a key that may do what an old one may. The old one ends after the overlap."""
    new = services.operations.keys.rotate(
        prefix,
        who=caller.name,
        at_ms=services.real_clock.now_ms(),
        overlap_ms=body.overlap_s * _MS_A_SECOND,
    )
    response.headers["Cache-Control"] = "no-store"
    return MadeKeyView.made(new)


@router.post("/keys/{prefix}/revoke", status_code=204)
def revoke_key(prefix: KeyPrefix, services: Services, caller: _Manager) -> None:
    """Let a key open nothing from now on. Repeating it changes nothing."""
    services.operations.keys.revoke(prefix, who=caller.name, at_ms=services.real_clock.now_ms())


@router.get("/audit", dependencies=[needs(Scope.AUDIT_READ)])
def list_audit(
    request: Request, response: Response, services: Services, cursor: Cursor = None, limit: Limit = 100
) -> PageView[AuditView]:
    """What people changed and which personal data they read, the newest first."""
    page = services.operations.audit.list(before=number_before(cursor), limit=limit)
    items = [AuditView.of(entry) for entry in page.items]
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.get("/audit/verify", dependencies=[needs(Scope.AUDIT_READ)])
def verify_audit(services: Services) -> ChainView:
    """Whether every entry of the audit log is as it was written."""
    return ChainView.of(services.operations.audit.verify())
