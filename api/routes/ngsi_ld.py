"""NGSI-LD (ETSI GS CIM 009), to read: streetlights, cabinets, access points, and faults as alerts."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse

from api.auth import Caller, Scope, needs
from api.models.ngsi import EntityView
from api.ngsi import ALERT, CONTEXTS, KIND_OF, alert_of, entity_of, key_values, urn_parts
from api.places import EVERY_PLACE, Place, polygon_of
from api.problems import Problem, ProblemKind
from api.seen import known_device, seen_fault
from api.services import ApiServices, Services
from devices.registry import Device
from store.operations.faults import FaultFilter
from store.operations.records import FaultState

__all__ = ["router"]

router = APIRouter(prefix="/ngsi-ld/v1", tags=["NGSI-LD"])

_Reader = Annotated[Caller, needs(Scope.TELEMETRY_READ, within=True)]
_TYPES = (*KIND_OF, ALERT)
_LD_JSON = "application/ld+json"
_LINK = f'<{CONTEXTS[0]}>; rel="http://www.w3.org/ns/json-ld#context"; type="{_LD_JSON}"'
_ANSWERS: dict[int | str, dict[str, Any]] = {200: {"content": {_LD_JSON: {"schema": {}}}}}
_MOST_ALERTS = 1_000
_NEAR = "near;maxDistance=="
_FARTHEST_M = 100_000.0


def _place(
    georel: Annotated[
        str | None,
        Query(
            pattern=r"^(near;maxDistance==\d{1,6}(\.\d{1,3})?|within)$",
            description="near;maxDistance==M, within",
        ),
    ] = None,
    geometry: Annotated[str | None, Query(pattern="^(Point|Polygon)$")] = None,
    coordinates: Annotated[str | None, Query(max_length=10_000, description="As in GeoJSON")] = None,
) -> Place:
    """The place of a geo-query; all of the map without one."""
    if georel is None and geometry is None and coordinates is None:
        return EVERY_PLACE
    if georel is None or geometry is None or coordinates is None:
        detail = "a geo-query has all of georel, geometry and coordinates"
        raise Problem(ProblemKind.INVALID, detail, field="georel")
    if georel.startswith("near") != (geometry == "Point"):
        detail = "near asks for a Point, and within for a Polygon"
        raise Problem(ProblemKind.INVALID, detail, field="geometry")
    rings = _coordinates(coordinates)
    if geometry == "Point":
        radius_m = min(float(georel.removeprefix(_NEAR)), _FARTHEST_M)
        return Place(near=_pair(rings), radius_m=radius_m)
    points = [_pair(point) for point in rings[0]] if rings and isinstance(rings[0], list) else []
    if len(points) < 3:  # noqa: PLR2004 - a triangle
        raise _no_coordinates(coordinates)
    return Place(shapes=(polygon_of(points, "coordinates"),))


def _coordinates(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _no_coordinates(text) from None
    if not isinstance(found, list):
        raise _no_coordinates(text)
    return found


def _pair(value: Any) -> tuple[float, float]:
    is_pair = isinstance(value, list) and len(value) == 2  # noqa: PLR2004 - longitude, latitude
    if not is_pair or not all(isinstance(n, int | float) and not isinstance(n, bool) for n in value):
        raise _no_coordinates(str(value))
    longitude, latitude = value
    # Not made floats before: JSON has whole numbers that are too large for one.
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):  # noqa: PLR2004 - degrees
        raise _no_coordinates(str(value))
    return float(longitude), float(latitude)


def _no_coordinates(text: str) -> Problem:
    detail = f"coordinates must be those of the geometry, as in GeoJSON, got {text[:100]!r}"
    return Problem(ProblemKind.INVALID, detail, field="coordinates")


class _Form:
    """How entities are to be written."""

    def __init__(
        self,
        request: Request,
        options: Annotated[str | None, Query(pattern="^(normalized|keyValues|simplified)$")] = None,
        attrs: Annotated[
            str | None, Query(max_length=1000, description="Only these, separated by commas")
        ] = None,
    ) -> None:
        self._is_simple = options in {"keyValues", "simplified"}
        self._attrs = {"id", "type", *(name.strip() for name in attrs.split(","))} if attrs else None
        self.is_ld = _LD_JSON in request.headers.get("accept", "")

    def written(self, entity: dict[str, Any]) -> dict[str, Any]:
        """The entity as asked for."""
        wanted = {k: v for k, v in entity.items() if self._attrs is None or k in self._attrs}
        simple = key_values(wanted) if self._is_simple else wanted
        return simple | {"@context": list(CONTEXTS)} if self.is_ld else simple

    def answer(self, content: Any, headers: dict[str, str] | None = None) -> JSONResponse:
        """The answer in the media type asked for; the context is in it, or in its Link header."""
        link = {} if self.is_ld else {"Link": _LINK}
        media_type = _LD_JSON if self.is_ld else "application/json"
        return JSONResponse(
            content, headers=link | {"Vary": "Accept"} | (headers or {}), media_type=media_type
        )


_Written = Annotated[_Form, Depends()]


@router.get("/entities", response_model=list[EntityView], responses=_ANSWERS)
def list_entities_ld(  # noqa: PLR0913 - each is a part of the standard's question
    *,
    services: Services,
    caller: _Reader,
    form: _Written,
    place: Annotated[Place, Depends(_place)],
    types: Annotated[
        str, Query(alias="type", max_length=200, description=f"Of {', '.join(_TYPES)}; separated by commas")
    ],
    ids: Annotated[str | None, Query(alias="id", max_length=10_000, description="URNs, by commas")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    count: Annotated[bool, Query(description="Say how many there are in NGSILD-Results-Count")] = False,
) -> JSONResponse:
    """Entities of some types, by id: devices with their latest state, and active faults as alerts."""
    asked = [type_.strip() for type_ in types.split(",")]
    unknown = [type_ for type_ in asked if type_ not in _TYPES]
    if unknown:
        detail = f"type must be of {', '.join(_TYPES)}, got {unknown[0]!r}"
        raise Problem(ProblemKind.INVALID, detail, field="type")
    named = {urn_parts(urn.strip()) for urn in ids.split(",")} if ids is not None else None
    devices = [
        device
        for device in _devices(services, caller, asked, place)
        if named is None or (_type_of(device), device.id) in named
    ]
    alerts = _alerts(services, caller, place) if ALERT in asked else []
    alerts = [alert for alert in alerts if named is None or urn_parts(alert["id"]) in named]
    shown = [_entity(device, services) for device in devices[offset : offset + limit]]
    rest = max(offset - len(devices), 0)
    shown += alerts[rest : rest + limit - len(shown)]
    total = {"NGSILD-Results-Count": str(len(devices) + len(alerts))} if count else {}
    return form.answer([form.written(entity) for entity in shown], total)


@router.get("/entities/{urn}", response_model=EntityView, responses=_ANSWERS)
def get_entity_ld(
    urn: Annotated[str, Path(max_length=200, description="urn:ngsi-ld:{type}:{id}")],
    services: Services,
    caller: _Reader,
    form: _Written,
) -> JSONResponse:
    """One entity."""
    parts = urn_parts(urn)
    if parts is not None and parts[0] == ALERT:
        fault = seen_fault(parts[1], services, caller)
        return form.answer(form.written(alert_of(fault, services.registry().get(fault.device))))
    if parts is None or parts[0] not in KIND_OF:
        raise Problem(ProblemKind.NOT_FOUND, f"there is no entity {urn!r}")
    device = known_device(parts[1], services, caller)
    if device.kind != KIND_OF[parts[0]]:
        raise Problem(ProblemKind.NOT_FOUND, f"there is no entity {urn!r}")
    return form.answer(form.written(_entity(device, services)))


@router.get("/types", dependencies=[needs(Scope.TELEMETRY_READ, within=True)])
def list_types_ld() -> list[str]:
    """The types of entity that there are."""
    return sorted(_TYPES)


def _devices(services: ApiServices, caller: Caller, types: Sequence[str], place: Place) -> list[Device]:
    wanted = {KIND_OF[type_] for type_ in types if type_ in KIND_OF}
    found = [
        device
        for device in services.registry().values()
        if device.kind in wanted
        and caller.sees(device.area, device.kind)
        and place.holds(device.longitude, device.latitude)
    ]
    return sorted(found, key=lambda device: (_type_of(device), device.id))


def _type_of(device: Device) -> str:
    return next(type_ for type_, kind in KIND_OF.items() if kind == device.kind)


def _entity(device: Device, services: ApiServices) -> dict[str, Any]:
    return entity_of(device, services.operations.latest.get(device.id))


def _alerts(services: ApiServices, caller: Caller, place: Place) -> list[dict[str, Any]]:
    """Active faults of devices in a place, newest first; a thousand at most."""
    wanted = FaultFilter(state=FaultState.ACTIVE, reach=caller.reach)
    page = services.operations.faults.list(wanted, limit=_MOST_ALERTS)
    registry, found = services.registry(), []
    for fault in page.items:
        device = registry.get(fault.device)
        inside = (
            place.holds(device.longitude, device.latitude) if device is not None else place == EVERY_PLACE
        )
        if inside:
            found.append(alert_of(fault, device))
    return found
