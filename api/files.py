"""Files of the registry in requests and answers."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from api.problems import Problem, ProblemKind
from devices.table_files import FileFormat
from store.operations.registrar import ImportMode

__all__ = ["CSV_BODY", "FILE_BODY", "Mode", "UploadedFile", "file_format", "file_response"]

_LARGEST_BYTES = 256 * 1_048_576
_MEDIA_TYPES = {FileFormat.CSV: "text/csv", FileFormat.GEOJSON: "application/geo+json"}
_FORMATS = {media: file_format for file_format, media in _MEDIA_TYPES.items()} | {
    "application/json": FileFormat.GEOJSON
}
CSV_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}
}
"""OpenAPI of a request whose body is a CSV file."""
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/geo+json": {"schema": {"type": "object"}},
        },
    }
}
"""OpenAPI of a request whose body is a CSV or GeoJSON file."""


async def _uploaded(request: Request) -> bytes:
    """The body of a request.

    Raises:
        Problem: it is larger than any registry.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > _LARGEST_BYTES:
            raise Problem(ProblemKind.TOO_LARGE, f"a file has at most {_LARGEST_BYTES} bytes", field="body")
        parts.append(part)
    return b"".join(parts)


def file_format(request: Request) -> FileFormat:
    """The format that the Content-Type names.

    Raises:
        Problem: it names none that is read.
    """
    named = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if named not in _FORMATS:
        detail = f"Content-Type must be one of {', '.join(_FORMATS)}, got {named!r}"
        raise Problem(ProblemKind.INVALID, detail, field="Content-Type")
    return _FORMATS[named]


def _mode(
    *,
    dry_run: Annotated[bool, Query(description="Only say what would be done, and what is wrong")] = False,
    replace: Annotated[bool, Query(description="Remove what is not in the file")] = False,
) -> ImportMode:
    return ImportMode(dry_run=dry_run, replace=replace)


def file_response(text: str, written: FileFormat, name: str) -> Response:
    """The answer with a file."""
    disposition = f'attachment; filename="{name}.{written}"'
    return Response(text, media_type=_MEDIA_TYPES[written], headers={"Content-Disposition": disposition})


UploadedFile = Annotated[bytes, Depends(_uploaded)]
"""The body of a request as it came."""

Mode = Annotated[ImportMode, Depends(_mode)]
"""How an import is to work, from the query."""
