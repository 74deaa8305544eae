"""Evidence: how it is, a check of it, and the pictures of a violation."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from api.auth import Caller, Scope, needs
from api.models.evidence import CheckView, EvidenceView, HeadView, PictureView
from api.plates import ReadingReason, note_reading, wanted_reason
from api.problems import Problem, ProblemKind
from api.routes.violations import ViolationId
from api.services import ApiServices, Evidence, Services
from store.operations.picture_rows import PictureRecord, PictureState

__all__ = ["evidence_of", "router"]

router = APIRouter(prefix="/v1", tags=["evidence"])

_Place = Annotated[int, Path(ge=0, le=1_000, description="Place of the picture in the violation's list")]
_Reads = Annotated[Caller, needs(Scope.PLATE_READ)]
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}, "image/png": {}}, "description": "The picture as it was kept"}
}


@router.get("/evidence", dependencies=[needs(Scope.VIOLATIONS_READ)])
def get_evidence(services: Services) -> EvidenceView:
    """The head of the chain, pictures by state, and what the last check found."""
    head = services.operations.chain.head()
    row = services.evidence.last_check() if services.evidence is not None else None
    return EvidenceView(
        head=HeadView(number=head.number, hash=head.hash),
        pictures=services.operations.pictures.counts(),
        last_check=None if row is None else CheckView.of(row),
    )


@router.post("/evidence/verify", dependencies=[needs(Scope.VIOLATIONS_REVIEW)])
def verify_evidence(services: Services) -> CheckView:
    """Check the whole chain and every picture now; what is found is kept as the last check."""
    now_ms = services.clock.now_ms()
    found = evidence_of(services).check(now_ms)
    values = {"links": found.links, "pictures": found.pictures, "is_whole": found.is_whole}
    problem = None if found.is_whole else str(found.problems[0])
    return CheckView.of({**values, "at_ms": now_ms, "problem": problem})


@router.get("/violations/{violation}/pictures", dependencies=[needs(Scope.VIOLATIONS_READ)])
def list_pictures(violation: ViolationId, services: Services) -> list[PictureView]:
    """The pictures that the camera named, and what became of each."""
    services.operations.violations.get(violation)
    return [PictureView.of(picture) for picture in services.operations.pictures.of([violation])[violation]]


@router.get("/violations/{violation}/pictures/{place}", responses=_PICTURE, response_class=Response)
def get_picture(
    violation: ViolationId, place: _Place, services: Services, caller: _Reads, reason: ReadingReason
) -> Response:
    """A picture. It shows a plate and may show faces: a reason is wanted, and the reading is audited."""
    why = wanted_reason(reason)
    reviewed = services.operations.reviews.get(violation)
    kept = [one for one in services.operations.pictures.of([violation])[violation] if _is_kept(one, place)]
    content = evidence_of(services).pictures.get(kept[0].file or "") if kept else None
    if content is None:
        raise Problem(ProblemKind.NOT_FOUND, f"no picture {place} of violation {violation!r} is kept")
    note_reading(services, caller, "picture.read", (why, [reviewed]))
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=kept[0].media_type, headers=headers)


def evidence_of(services: ApiServices) -> Evidence:
    """The evidence.

    Raises:
        Problem: this process does not know where it is kept.
    """
    if services.evidence is None:
        raise Problem(ProblemKind.UNAVAILABLE, "this process does not keep pictures")
    return services.evidence


def _is_kept(picture: PictureRecord, place: int) -> bool:
    return picture.place == place and picture.state is PictureState.KEPT
