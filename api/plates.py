"""Who sees whole plates: a key with the scope, for a reason that is written down before anything is shown."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Header, Query

from api.auth import Caller, Scope
from api.problems import Problem, ProblemKind
from api.services import ApiServices
from devices.masking import hide
from store.operations.audit import AuditEntry
from store.operations.review_rows import Reviewed

__all__ = ["ReadingReason", "note_reading", "sees_plates", "wanted_reason"]

_SHORTEST = 5
_LONGEST = 300


def _reason(
    reason: Annotated[
        str | None,
        Query(max_length=_LONGEST, description="Why whole plates are wanted; without it they are masked"),
    ] = None,
    x_reason: Annotated[
        str | None, Header(max_length=3 * _LONGEST, description="The same; percent-encoded beyond ASCII")
    ] = None,
) -> str | None:
    """The reason that was given.

    Raises:
        Problem: it is too short to say anything.
    """
    given = reason if reason is not None else unquote(x_reason) if x_reason is not None else None
    if given is None:
        return None
    words = " ".join(given.split())
    if not _SHORTEST <= len(words) <= _LONGEST:
        detail = f"a reason to read whole plates has {_SHORTEST} to {_LONGEST} characters, got {len(words)}"
        raise Problem(ProblemKind.INVALID, detail, field="reason")
    return words


ReadingReason = Annotated[str | None, Depends(_reason)]
"""Why the caller wants whole plates, from the query or the header `X-Reason`."""


def wanted_reason(reason: str | None) -> str:
    """The reason, where nothing is shown without one.

    Raises:
        Problem: none was given.
    """
    if reason is None:
        detail = "this shows whole plates: say why, in the query's reason or the header X-Reason"
        raise Problem(ProblemKind.INVALID, detail, field="reason")
    return reason


def sees_plates(services: ApiServices, caller: Caller, reason: str | None, shown: Sequence[Reviewed]) -> bool:
    """Whether the caller sees these violations' plates whole; the reading has then been written down."""
    if reason is None or not caller.may(Scope.PLATE_READ):
        return False
    with_plate = [one for one in shown if one.case.present_plate is not None]
    if with_plate:
        note_reading(services, caller, "plate.read", (reason, with_plate))
    return True


def note_reading(
    services: ApiServices, caller: Caller, action: str, read: tuple[str, Sequence[Reviewed]]
) -> None:
    """Write down that somebody reads personal data of violations, and why.

    Raises:
        OperationsUnavailableError: it could not be written, so nothing may be shown.
    """
    reason, violations = read
    ids = [one.record.id for one in violations]
    # The audit outlives the plates: a reason that quotes one must not keep it.
    plates = [plate for one in violations for plate in (one.case.plate, one.case.corrected_plate)]
    entry = AuditEntry(
        at_ms=services.clock.now_ms(),
        who=caller.name,
        action=action,
        target=ids[0] if len(ids) == 1 else "violations",
        detail={"violations": ids, "reason": hide(reason, plates)},
    )
    services.operations.audit.append(entry)
