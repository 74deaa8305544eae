"""The registry as a file: import with a dry run, export."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.auth import Caller, Scope, needs
from api.files import FILE_BODY, Mode, UploadedFile, file_format, file_response
from api.models.registering import ImportView
from api.services import Services
from devices.table_files import FileFormat
from store.operations.registrar import Author

__all__ = ["router"]

# Before the routes of one device, whose ids would include these words.
router = APIRouter(prefix="/v1/devices", tags=["devices"])


@router.post("/import", openapi_extra=FILE_BODY)
def import_devices(
    *,
    services: Services,
    caller: Annotated[Caller, needs(Scope.DEVICES_WRITE)],
    mode: Mode,
    content: UploadedFile,
    written: Annotated[FileFormat, Depends(file_format)],
) -> ImportView:
    """Take in the devices of a file. They count at once; one bad line, and nothing is imported."""
    author = Author(who=caller.name, at_ms=services.clock.now_ms())
    report = services.registrar.import_devices(content, written, mode, author)
    return ImportView.of(report, dry_run=mode.dry_run)


@router.get("/export", dependencies=[needs(Scope.DEVICES_READ)], response_class=Response)
def export_devices(
    services: Services,
    written: Annotated[FileFormat, Query(alias="format", description="csv or geojson")] = FileFormat.CSV,
) -> Response:
    """All devices as a file. Importing it changes nothing."""
    return file_response(services.registrar.export_devices(written), written, "devices")
