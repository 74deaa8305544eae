"""Readings of many devices: a page of them, or all of them as a file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from api.auth import Caller, Scope, needs
from api.export import MEDIA_TYPES, ExportFormat, encoded, pieces
from api.models.devices import FieldView, ReadingsView
from api.parameters import DEVICE_PATTERN, AreaFilter
from api.problems import Problem, ProblemKind
from api.readings import FieldNames, asked_fields, with_plain_values
from api.services import ApiServices, Services
from api.times import QueryMoment
from devices.catalogue import kinds
from store.telemetry import RangeQuery

__all__ = ["router"]

router = APIRouter(prefix="/v1/telemetry", tags=["devices"])

_Reader = Annotated[Caller, needs(Scope.TELEMETRY_READ, within=True)]
_LARGEST_RANGE = 10_000
_MOST_DEVICES = 200
_NOBODY = "-"  # no names mean all devices to a store; nothing found must mean none
_LONGEST_MS = 366 * 86_400_000
_FILES: dict[int | str, dict[str, Any]] = {200: {"content": {media: {} for media in MEDIA_TYPES.values()}}}


def _asked(  # noqa: PLR0913 - each is a part of the question
    *,
    services: Services,
    caller: _Reader,
    kind: Annotated[str, Query(max_length=64, description="Kind of device")],
    measured_from: Annotated[QueryMoment, Query(alias="from", description="Measured then or later")],
    measured_to: Annotated[QueryMoment, Query(alias="to", description="Measured before")],
    device: Annotated[
        list[Annotated[str, Query(pattern=DEVICE_PATTERN)]] | None,
        Query(max_length=_MOST_DEVICES, description="Ids of devices; all of the kind by default"),
    ] = None,
    area: AreaFilter = None,
    fields: FieldNames = None,
) -> RangeQuery:
    known = kinds().get(kind)
    if known is None:
        raise Problem(
            ProblemKind.INVALID, f"kind must be one of {', '.join(kinds())}, got {kind!r}", field="kind"
        )
    if not measured_from < measured_to <= measured_from + _LONGEST_MS:
        raise Problem(ProblemKind.INVALID, "to must be later than from, by 366 days at most", field="to")
    return RangeQuery(
        kind=kind,
        devices=_devices(services, caller, kind, area, device),
        from_ms=measured_from,
        to_ms=measured_to,
        fields=asked_fields(fields, known),
    )


def _devices(
    services: ApiServices, caller: Caller, kind: str, area: str | None, named: Sequence[str] | None
) -> list[str]:
    """The devices asked for, by id.

    Raises:
        Problem: one of them does not exist, to this caller or of this kind.
    """
    found = {
        device.id
        for device in services.registry().values()
        if device.kind == kind and area in (None, device.area) and caller.sees(device.area, device.kind)
    }
    unknown = [one for one in named or () if one not in found]
    if unknown:
        raise Problem(ProblemKind.INVALID, f"there is no {kind} {unknown[0]!r} here", field="device")
    return sorted(found if named is None else set(named)) or [_NOBODY]


_Asked = Annotated[RangeQuery, Depends(_asked)]


@router.get("")
def get_readings(
    services: Services,
    asked: _Asked,
    limit: Annotated[int, Query(ge=1, le=_LARGEST_RANGE, description="How many readings at most")] = 1000,
) -> ReadingsView:
    """Readings of several devices of a kind in a range of the devices' own time, oldest first."""
    described = kinds()[asked.kind].by_name
    rows = with_plain_values(services.telemetry.range(replace(asked, limit=limit + 1))).rows(named=True)
    fields = [FieldView.of(described[name]) for name in asked.fields]
    return ReadingsView.of(rows[:limit], fields, truncated=len(rows) > limit)


@router.get("/export", response_class=StreamingResponse, responses=_FILES)
def export_readings(
    services: Services,
    asked: _Asked,
    written: Annotated[
        ExportFormat, Query(alias="format", description="csv, ndjson, parquet or arrow (a stream of batches)")
    ] = ExportFormat.CSV,
) -> StreamingResponse:
    """All readings of a kind in a range as a file, hour by hour: however long, a piece is in memory."""
    frames = pieces(services.telemetry, asked)
    # The store is asked once before the answer begins: a store that is down is a problem, not half a file.
    first = next(frames, None)
    rest = chain([first], frames) if first is not None else frames
    body: Iterator[bytes] = encoded(rest, written)
    headers = {"Content-Disposition": f'attachment; filename="{asked.kind}.{written}"'}
    return StreamingResponse(body, media_type=MEDIA_TYPES[written], headers=headers)
