"""What people do to faults: acknowledge, assign, comment, shelve, work, close; one fault or many."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from api.auth import Caller, Scope, needs
from api.held import fault_views
from api.languages import Language, preferred
from api.models.common import ProblemDocument
from api.models.fault_deeds import (
    AcknowledgeRequest,
    AssignRequest,
    BulkAnswer,
    BulkItemView,
    BulkRequest,
    CloseRequest,
    CommentRequest,
    DeedRequest,
    ShelveRequest,
    UnshelveRequest,
    WorkRequest,
    scope_of,
)  # fmt: skip
from api.models.faults import FaultView
from api.problems import Problem, ProblemKind, problem_document, problem_of
from api.seen import seen_fault
from api.services import Services
from api.versions import FaultId, IfMatch, etag, expected_version
from devices.entities.crews import ENTITY as CREWS
from devices.registry import Registry
from store.operations.fault_desk import Asked, Refusal
from store.operations.records import FaultRecord

__all__ = ["router"]

router = APIRouter(prefix="/v1/faults", tags=["faults"])

_CONFLICTS: dict[int | str, dict[str, Any]] = {
    409: {"description": "The fault's state does not allow it, or somebody else was first"},
    412: {"description": "The fault has changed since the ETag in If-Match"},
}
_Acknowledges = Annotated[Caller, needs(Scope.FAULTS_ACKNOWLEDGE, within=True)]
_Works = Annotated[Caller, needs(Scope.FAULTS_WORK, within=True)]
_Manages = Annotated[Caller, needs(Scope.FAULTS_MANAGE, within=True)]


@router.post("/bulk")
def do_in_bulk(body: BulkRequest, request: Request, services: Services, caller: _Acknowledges) -> BulkAnswer:
    """Do one thing to many faults; one that is refused does not hold up the others."""
    needed = scope_of(body.deed)
    if not caller.may(needed):
        raise Problem(ProblemKind.FORBIDDEN, f"the key {caller.name!r} lacks the scope {needed.value!r}")
    _check_crew(body.deed, services)
    now_ms = services.clock.now_ms()
    asked = [Asked(item.id, item.version) for item in body.faults]
    if caller.reach.is_limited:
        for one in asked:
            seen_fault(one.fault, services, caller)
    answers = services.operations.desk.perform_each(
        asked, body.deed.deed(now_ms), who=caller.name, at_ms=now_ms
    )
    language, registry = preferred(request.headers.get("accept-language", "")), services.registry()
    items = [_item(one.fault, answer, language, registry) for one, answer in zip(asked, answers, strict=True)]
    done = sum(item.fault is not None for item in items)
    return BulkAnswer(done=done, refused=len(items) - done, items=items)


def _route(name: str, path: str, body: type[DeedRequest], caller: Any, about: str) -> None:
    """Let a deed of its own path be done to one fault; `body` is what it takes, `caller` who may do it."""

    def do(
        fault: FaultId,
        body: Any,
        response: Response,
        services: Services,
        caller: Any,
        *,
        if_match: IfMatch = None,
    ) -> FaultView:
        return _done(fault, body, response, services, (caller, if_match))

    do.__annotations__ |= {"body": body, "caller": caller}
    router.add_api_route(
        f"/{{fault}}/{path}", do, methods=["POST"], name=name, description=about, responses=_CONFLICTS
    )


_route(
    "acknowledge",
    "acknowledge",
    AcknowledgeRequest,
    _Acknowledges,
    "Take note of a fault. Doing it again changes nothing; somebody else's acknowledgement is a conflict.",
)
_route(
    "assign",
    "assign",
    AssignRequest,
    _Manages,
    "Give a fault to a crew that is in force today, or take it back.",
)
_route(
    "comment",
    "comment",
    CommentRequest,
    _Works,
    "Say something about a fault. Sending it twice says it twice.",
)
_route(
    "shelve",
    "shelve",
    ShelveRequest,
    _Manages,
    "Put an active fault aside for at most 8 hours: it stays listed, and nobody is notified.",
)
_route("unshelve", "unshelve", UnshelveRequest, _Manages, "Take a fault back from the shelf before its time.")
_route(
    "report_work",
    "work",
    WorkRequest,
    _Works,
    "Report how far the work is. Telemetry verifies a repair, or it opens again.",
)
_route(
    "close",
    "close",
    CloseRequest,
    _Manages,
    "Close a fault by hand. If its condition still holds, it opens again by itself.",
)


def _done(
    fault: str,
    body: DeedRequest,
    response: Response,
    services: Services,
    by: tuple[Caller, str | None],
) -> FaultView:
    """The fault after one deed."""
    caller, if_match = by
    if caller.reach.is_limited:
        seen_fault(fault, services, caller)
    _check_crew(body, services)
    now_ms = services.clock.now_ms()
    record = services.operations.desk.perform(
        fault,
        body.deed(now_ms),
        who=caller.name,
        at_ms=now_ms,
        expected_version=expected_version(if_match),
    )
    response.headers["ETag"] = etag(record)
    return fault_views([record], services)[0]


def _check_crew(body: DeedRequest, services: Services) -> None:
    """Refuse a crew that is not in force.

    Raises:
        Problem: there is no such crew today.
    """
    if not isinstance(body, AssignRequest) or body.crew is None:
        return
    now = datetime.fromtimestamp(services.clock.now_ms() / 1000, UTC)
    crews = [
        crew for crew in services.registrar.entities(CREWS) if CREWS.is_in_force(crew, now, services.zone)
    ]
    if body.crew not in {crew.id for crew in crews}:
        detail = f"crew must be one that is in force today, as /v1/entities/crews has them, got {body.crew!r}"
        raise Problem(ProblemKind.INVALID, detail, field="crew")


def _item(fault: str, answer: FaultRecord | Refusal, language: Language, registry: Registry) -> BulkItemView:
    if isinstance(answer, FaultRecord):
        return BulkItemView(id=fault, status=200, fault=FaultView.of(answer, registry))
    problem = problem_of(answer)
    status = int(problem.kind.value.status)
    document = ProblemDocument(**problem_document(problem, language))
    return BulkItemView(id=fault, status=status, problem=document)
