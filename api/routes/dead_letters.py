"""Dead letters: what devices sent and nobody could use. May hold personal data, so reading is audited."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.auth import Caller, Scope, needs
from api.models.dead_letters import DeadLetterCounts, DeadLetterView, ReplayAnswer, ReplayRequest
from api.paging import Cursor, Limit, PageView, link_next, number_before
from api.parameters import DeviceFilter
from api.services import ApiServices, Services
from api.times import QueryMoment
from devices.errors import Rejection
from store.operations.audit import AuditEntry
from store.operations.dead_letters import DeadLetter, DeadLetterFilter

__all__ = ["router"]

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])

_Reader = Annotated[Caller, needs(Scope.DEAD_LETTERS_READ)]
_Replayer = Annotated[Caller, needs(Scope.DEAD_LETTERS_REPLAY)]
_Row = Annotated[int, Path(ge=1, le=2**63 - 1, description="Row of the dead letter")]
_NOT_WHOLE: dict[int | str, dict[str, Any]] = {409: {"description": "Only a part of it was kept"}}


def _filter(
    reason: Annotated[Rejection | None, Query(description="The rule that was broken")] = None,
    device: DeviceFilter = None,
    topic: Annotated[str | None, Query(max_length=256, description="A part of the topic")] = None,
    from_: Annotated[QueryMoment | None, Query(alias="from", description="Received at or after")] = None,
    to: Annotated[QueryMoment | None, Query(description="Received before")] = None,
    replayed: Annotated[bool | None, Query(description="Whether somebody asked for a replay")] = None,
) -> DeadLetterFilter:
    return DeadLetterFilter(
        reason=reason, device=device, topic=topic, from_ms=from_, to_ms=to, replayed=replayed
    )


_Filter = Annotated[DeadLetterFilter, Depends(_filter)]


@router.get("")
def list_dead_letters(  # noqa: PLR0913 - each is a part of the request
    *,
    request: Request,
    response: Response,
    services: Services,
    caller: _Reader,
    wanted: _Filter,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[DeadLetterView]:
    """Dead letters, the newest first."""
    before = number_before(cursor)
    page = services.operations.dead_letters.list(wanted, before=before, limit=limit)
    _audit_reading(services, caller, *page.items)
    items = [DeadLetterView.of(letter) for letter in page.items]
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.get("/counts", dependencies=[needs(Scope.DEAD_LETTERS_READ)])
def count_dead_letters(services: Services, wanted: _Filter) -> DeadLetterCounts:
    """How many there are, by reason."""
    counts = dict(services.operations.dead_letters.counts(wanted))
    return DeadLetterCounts(total=sum(counts.values()), by_reason=counts)


@router.get("/{row}")
def get_dead_letter(row: _Row, services: Services, caller: _Reader) -> DeadLetterView:
    """One dead letter, with where its replay stands."""
    letter = services.operations.dead_letters.get(row)
    _audit_reading(services, caller, letter)
    return DeadLetterView.of(letter)


@router.post("/replay", status_code=202)
def replay_dead_letters(body: ReplayRequest, services: Services, caller: _Replayer) -> ReplayAnswer:
    """Decode letters again as if they had just come, after what was wrong was put right.

    Each is replayed once at most; one that is refused again has a dead letter of its own, which can be
    replayed. What is stored already is not stored twice: the row's key is the same.
    """
    requested, remaining = services.operations.replays.request_matching(
        body.filter(),
        limit=body.limit,
        who=caller.name,
        at_ms=services.clock.now_ms(),
        detail=body.model_dump(mode="json", exclude_none=True, exclude={"limit"}),
    )
    return ReplayAnswer(requested=requested, remaining=remaining)


@router.post("/{row}/replay", status_code=202, responses=_NOT_WHOLE)
def replay_dead_letter(row: _Row, services: Services, caller: _Replayer) -> DeadLetterView:
    """Decode one letter again. Asking twice changes nothing."""
    services.operations.replays.request(row, who=caller.name, at_ms=services.clock.now_ms())
    letter = services.operations.dead_letters.get(row)
    _audit_reading(services, caller, letter)
    return DeadLetterView.of(letter)


def _audit_reading(services: ApiServices, caller: Caller, *letters: DeadLetter) -> None:
    """Note who saw which letters, newest first; nothing where nobody saw any."""
    if not letters:
        return
    entry = AuditEntry(
        at_ms=services.clock.now_ms(),
        who=caller.name,
        action="dead-letters.read",
        target="dead-letters",
        detail={"newest": letters[0].row, "oldest": letters[-1].row},
    )
    services.operations.audit.append(entry)
