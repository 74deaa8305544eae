"""Dated entities: programmes, limits, calibrations, crews and what else holds from one day to another."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.auth import Caller, Scope, needs
from api.files import CSV_BODY, Mode, UploadedFile, file_response
from api.models.registering import EntityKindView, EntityView, ImportView
from api.paging import Cursor, Limit, PageView, id_after, link_next
from api.parameters import AreaFilter
from api.problems import Problem, ProblemKind
from api.services import Services
from api.times import QueryMoment
from devices.entity import Entity, EntityKind, areas_of, key_of
from devices.entity_catalogue import entity_kinds
from devices.table_files import FileFormat
from store.operations.registrar import Author

__all__ = ["router"]

router = APIRouter(prefix="/v1/entities", tags=["dated entities"])

_READS = needs(Scope.DEVICES_READ)
KindId = Annotated[str, Path(pattern="^[a-z-]{1,64}$", description="Kind of entity, as /v1/entities has it")]


@router.get("", dependencies=[needs(Scope.DEVICES_READ, within=True)])
def list_entity_kinds() -> list[EntityKindView]:
    """The kinds of dated entity, and the columns of their files."""
    return [EntityKindView.of(kind) for kind in entity_kinds().values()]


@router.get("/{kind}", dependencies=[_READS])
def list_entities(  # noqa: PLR0913 - each is a filter
    *,
    request: Request,
    response: Response,
    kind: KindId,
    services: Services,
    area: AreaFilter = None,
    at: Annotated[QueryMoment | None, Query(description="Only what is valid at that moment")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> PageView[EntityView]:
    """Entities of a kind by id and validity; with an area those that concern it, those for all areas too."""
    known, after = _known(kind), id_after(cursor)
    registry = services.registry()

    def concerns(entity: Entity) -> bool:
        areas = areas_of(known, entity, lambda device: d.area if (d := registry.get(device)) else None)
        return area is None or not areas or area in areas

    moment = None if at is None else datetime.fromtimestamp(at / 1000, UTC)
    found = [
        entity
        for entity in services.registrar.entities(known)
        if (after is None or "\n".join(key_of(entity)) > after)
        and concerns(entity)
        and (moment is None or known.is_in_force(entity, moment, services.zone))
    ]
    last = "\n".join(key_of(found[limit - 1])) if len(found) > limit else None
    items = [EntityView.of(known, entity) for entity in found[:limit]]
    return PageView(items=items, next=link_next(request, response, last))


@router.post("/{kind}/import", openapi_extra=CSV_BODY)
def import_entities(
    *,
    kind: KindId,
    services: Services,
    caller: Annotated[Caller, needs(Scope.DEVICES_WRITE)],
    mode: Mode,
    content: UploadedFile,
) -> ImportView:
    """Take in the entities of a CSV file. One bad line, and nothing is imported."""
    author = Author(who=caller.name, at_ms=services.clock.now_ms())
    report = services.registrar.import_entities(_known(kind), content, mode, author)
    return ImportView.of(report, dry_run=mode.dry_run)


@router.get("/{kind}/export", dependencies=[_READS], response_class=Response)
def export_entities(kind: KindId, services: Services) -> Response:
    """All entities of a kind as a CSV file. Importing it changes nothing."""
    return file_response(services.registrar.export_entities(_known(kind)), FileFormat.CSV, kind)


def _known(kind: str) -> EntityKind:
    """The kind of that id.

    Raises:
        Problem: there is none.
    """
    found = entity_kinds().get(kind)
    if found is None:
        known = ", ".join(entity_kinds())
        raise Problem(ProblemKind.NOT_FOUND, f"there is no kind of entity {kind!r}; known: {known}")
    return found
