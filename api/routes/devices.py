"""Devices: find, read, their latest state, their readings over a range."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.auth import Caller, Scope, needs
from api.device_search import Search
from api.models.common import DeviceRef
from api.models.devices import DeviceView, FieldView, LatestView, StatusView, TelemetryView, reading_of
from api.models.features import FeatureCollectionView
from api.paging import Cursor, Limit, PageView, id_after, link_next
from api.parameters import AreaFilter, DeviceId, KindFilter
from api.problems import Problem, ProblemKind
from api.readings import FieldNames, asked_fields, with_plain_values
from api.seen import known_device
from api.services import Services
from api.times import QueryMoment
from devices.catalogue import kinds
from store.telemetry import RangeQuery

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["devices"])

_LARGEST_RANGE = 10_000
_DeviceReader = Annotated[Caller, needs(Scope.DEVICES_READ, within=True)]
_TelemetryReader = Annotated[Caller, needs(Scope.TELEMETRY_READ, within=True)]


@router.get("/devices")
def list_devices(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    response: Response,
    services: Services,
    caller: _DeviceReader,
    search: Search,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[DeviceView]:
    """Devices and passive assets, by id."""
    registry = services.registry()
    found = search.found(registry, caller, after=id_after(cursor) or "")
    items = [DeviceView.of(device, registry) for device in found[:limit]]
    last = found[limit - 1].id if len(found) > limit else None
    return PageView(items=items, next=link_next(request, response, last))


@router.get("/devices/geojson")
def draw_devices(services: Services, caller: _DeviceReader, search: Search) -> FeatureCollectionView:
    """All devices that are found as GeoJSON, by id, for a map."""
    registry = services.registry()
    return FeatureCollectionView.of(search.found(registry, caller), registry)


@router.get("/devices/{device}")
def get_device(device: DeviceId, services: Services, caller: _DeviceReader) -> DeviceView:
    """One device."""
    return DeviceView.of(known_device(device, services, caller), services.registry())


@router.get("/devices/{device}/latest")
def get_latest(device: DeviceId, services: Services, caller: _TelemetryReader) -> LatestView:
    """The latest state of a device."""
    known = known_device(device, services, caller)
    registry = services.registry()
    latest = services.operations.latest.get(device)
    if latest is not None:
        return LatestView.of(latest, registry)
    status = services.operations.latest.status(device)
    return LatestView(
        device=DeviceRef.of(known.id, known.kind, known.area, registry),
        reading=None,
        status=StatusView.of(status) if status is not None else None,
    )


@router.get("/latest")
def list_latest(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    response: Response,
    services: Services,
    caller: _TelemetryReader,
    kind: KindFilter = None,
    area: AreaFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[LatestView]:
    """The latest state of every device that ever reported, by id."""
    after = id_after(cursor)
    page = services.operations.latest.list(kind=kind, area=area, after=after, limit=limit, reach=caller.reach)
    registry = services.registry()
    items = [LatestView.of(latest, registry) for latest in page.items]
    return PageView(items=items, next=link_next(request, response, page.next_after))


@router.get("/devices/{device}/telemetry")
def get_telemetry(  # noqa: PLR0913 - each is a part of the question
    *,
    device: DeviceId,
    services: Services,
    caller: _TelemetryReader,
    measured_from: Annotated[QueryMoment, Query(alias="from", description="Measured then or later")],
    measured_to: Annotated[QueryMoment, Query(alias="to", description="Measured before")],
    fields: FieldNames = None,
    limit: Annotated[int, Query(ge=1, le=_LARGEST_RANGE, description="How many readings at most")] = 1000,
) -> TelemetryView:
    """Readings of a device in a range of the device's own time, oldest first."""
    known = known_device(device, services, caller)
    kind = kinds().get(known.kind)
    if kind is None:
        raise Problem(ProblemKind.NOT_FOUND, f"{device!r} is a {known.kind}, which has no telemetry")
    if measured_from >= measured_to:
        raise Problem(ProblemKind.INVALID, "to must be later than from", field="to")
    asked = asked_fields(fields, kind)
    query = RangeQuery(
        kind=kind.id,
        devices=[device],
        from_ms=measured_from,
        to_ms=measured_to,
        fields=asked,
        limit=limit + 1,
    )
    frame = with_plain_values(services.telemetry.range(query))
    return TelemetryView(
        device=DeviceRef.of(known.id, known.kind, known.area, services.registry()),
        fields=[FieldView.of(kind.by_name[name]) for name in asked],
        readings=[reading_of(row, asked) for row in frame.head(limit).iter_rows(named=True)],
        truncated=frame.height > limit,
    )
