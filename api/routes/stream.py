"""The live stream of faults and violations."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request

from api.auth import Caller, Scope, needs, still_let_in
from api.live import LiveChanges
from api.models.stream import ChangeView
from api.parameters import AreaFilter, KindFilter
from api.problems import Problem, ProblemKind
from api.services import Services
from api.stream import Admission, EventStream, StreamFilter, event_stream
from store.operations.records import ChangeType

__all__ = ["router"]

router = APIRouter(prefix="/v1/stream", tags=["live"])

_READ_SCOPES = {
    ChangeType.FAULT: Scope.FAULTS_READ,
    ChangeType.INCIDENT: Scope.FAULTS_READ,
    ChangeType.VIOLATION: Scope.VIOLATIONS_READ,
}
TypesFilter = Annotated[
    list[ChangeType] | None,
    Query(alias="type", description="May be repeated; all that the key may read by default"),
]
LastEventId = Annotated[
    int | None, Header(ge=0, le=2**63 - 1, description="Send what happened since that event first")
]


@router.get("", response_class=EventStream, responses={200: {"model": ChangeView}})
async def stream(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    services: Services,
    caller: Annotated[Caller, needs(Scope.STREAM_READ, within=True)],
    types: TypesFilter = None,
    area: AreaFilter = None,
    kind: KindFilter = None,
    last_event_id: LastEventId = None,
) -> EventStream:
    """Server-sent events, one for each change of a fault, an incident or a violation, as it is committed.

    A stream that is read too slowly, or that the service ends, is resumed with Last-Event-ID and misses
    nothing. It ends with its key or token.
    """
    live: LiveChanges = request.app.state.live
    wanted = StreamFilter(types=_readable(types, caller), area=area, kind=kind, reach=caller.reach)
    admission = Admission(still_let_in(request, services, caller), services.real_clock)
    return event_stream(live, last_event_id, wanted, services.registry, admission)


def _readable(types: list[ChangeType] | None, caller: Caller) -> frozenset[ChangeType]:
    """The types to send.

    Raises:
        Problem: one was asked for that the caller may not read.
    """
    if types is None:
        return frozenset(kind for kind, scope in _READ_SCOPES.items() if caller.may(scope))
    for asked in types:
        if not caller.may(_READ_SCOPES[asked]):
            detail = f"the key {caller.name!r} lacks the scope {_READ_SCOPES[asked].value!r}"
            raise Problem(ProblemKind.FORBIDDEN, detail, field="type")
    return frozenset(types)
