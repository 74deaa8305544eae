"""The export pack of one violation or a selection: a zip of JSON, PDF and CSV with pictures and hashes."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from api.auth import Caller, Scope, needs
from api.models.common import Model
from api.plates import ReadingReason, note_reading, wanted_reason
from api.routes.evidence import evidence_of
from api.services import ApiServices, Services
from reports.violations.pack import PackItem, PackTerms, zip_of
from reports.violations.pdf import pdf_of
from store.operations.picture_rows import PictureState
from store.operations.review_rows import Reviewed

__all__ = ["router"]

router = APIRouter(prefix="/v1/violations", tags=["violations"])

_MOST = 20
_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "The pack"}}


class ExportRequest(Model):
    """The violations of a pack."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"violations": ["8c6a5a0e-4f0d-5b9e-8d77-0f7b3d4f1a2b"]}]}
    )

    violations: Annotated[
        list[Annotated[str, Field(max_length=36, pattern="^[0-9a-f-]+$")]],
        Field(min_length=1, max_length=_MOST),
    ]


@router.post("/export", responses=_ZIP, response_class=Response)
def export_violations(
    body: ExportRequest,
    services: Services,
    caller: Annotated[Caller, needs(Scope.PLATE_READ)],
    reason: ReadingReason,
) -> Response:
    """What an officer hands on. It holds whole plates and pictures: a reason is wanted, and it is audited."""
    why = wanted_reason(reason)
    chosen = [services.operations.reviews.get(one) for one in dict.fromkeys(body.violations)]
    items = [_item(one, services) for one in chosen]
    note_reading(services, caller, "violation.export", (why, chosen))
    terms = PackTerms(
        made_by=caller.name,
        made_at_ms=services.clock.now_ms(),
        reason=why,
        head=services.operations.chain.head(),
        unit="",
        zone=services.zone,
    )
    packed = zip_of(items, terms, pdf_of(items, terms))
    name = f"violations-{chosen[0].record.number}" + (f"-and-{len(chosen) - 1}" if len(chosen) > 1 else "")
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"', "Cache-Control": "no-store"}
    return Response(packed, media_type="application/zip", headers=headers)


def _item(reviewed: Reviewed, services: ApiServices) -> PackItem:
    record = reviewed.record
    store = evidence_of(services).pictures
    kept = [
        (picture, store.get(picture.file or ""))
        for picture in services.operations.pictures.of([record.id])[record.id]
        if picture.state is PictureState.KEPT
    ]
    device = services.registry().get(record.device)
    named = [device.name, device.street, device.area_name] if device is not None else []
    return PackItem(
        reviewed=reviewed,
        place=", ".join(dict.fromkeys(part for part in named if part)) or record.device,
        history=services.operations.reviews.history(record.id),
        pictures=[(picture, content) for picture, content in kept if content is not None],
        links=services.operations.chain.of(record.id),
    )
