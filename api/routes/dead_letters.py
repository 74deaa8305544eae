"""Dead letters: what devices sent and nobody could use. May hold personal data, so reading is audited."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.auth import Caller, Scope, needs
from api.models.dead_letters import DeadLetterCounts, DeadLetterView
from api.paging import Cursor, Limit, PageView, link_next, number_before
from api.services import Services
from devices.errors import Rejection
from store.operations.audit import AuditEntry

__all__ = ["router"]

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])

_Reader = Annotated[Caller, needs(Scope.DEAD_LETTERS_READ)]


@router.get("")
def list_dead_letters(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    response: Response,
    services: Services,
    caller: _Reader,
    reason: Annotated[Rejection | None, Query(description="The rule that was broken")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[DeadLetterView]:
    """Dead letters, the newest first."""
    before = number_before(cursor)
    page = services.operations.dead_letters.list(reason=reason, before=before, limit=limit)
    if page.items:
        rows = {"newest": page.items[0].row, "oldest": page.items[-1].row}
        entry = AuditEntry(
            at_ms=services.clock.now_ms(),
            who=caller.name,
            action="dead-letters.read",
            target="dead-letters",
            detail=rows,
        )
        services.operations.audit.append(entry)
    items = [DeadLetterView.of(letter) for letter in page.items]
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.get("/counts", dependencies=[needs(Scope.DEAD_LETTERS_READ)])
def count_dead_letters(services: Services) -> DeadLetterCounts:
    """How many there are, by reason."""
    counts = dict(services.operations.dead_letters.counts())
    return DeadLetterCounts(total=sum(counts.values()), by_reason=counts)
