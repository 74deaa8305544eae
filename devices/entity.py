"""Dated entities: what is true of devices, areas and people from one day to another."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from devices.columns import DAY, MOMENT, Column, LineProblem, read_cells, write_cells
from devices.description import Label
from devices.topics import DEVICE_ID

__all__ = [
    "MOMENTS", "VALIDITY", "Entity", "EntityKey", "EntityKind", "areas_of", "entity_cells", "entity_problems",
    "key_of", "read_entity",
]  # fmt: skip

EntityKey = tuple[str, str]
"""An id and the first day or moment of its validity as text: a changed entity is another line of one id."""

VALIDITY = (
    Column(name="valid_from", about="first day", codec=DAY, required=True),
    Column(name="valid_to", about="last day; empty while it lasts", codec=DAY),
)
"""Columns of what is valid for days, both inside."""

MOMENTS = (
    Column(name="valid_from", about="first moment", codec=MOMENT, required=True),
    Column(name="valid_to", about="first moment after it", codec=MOMENT, required=True),
)
"""Columns of what is valid between two moments, the second outside."""


class Entity(Protocol):
    """What every dated entity has; days are the city's."""

    @property
    def id(self) -> str:
        """Its id, unique among those of its kind that are valid at one time."""
        ...

    @property
    def valid_from(self) -> date:
        """The first day, or the first moment where it is a datetime."""
        ...

    @property
    def valid_to(self) -> date | None:
        """The last day, or the first moment after it; None while it lasts."""
        ...


@dataclass(frozen=True, kw_only=True)
class EntityKind:
    """A kind of dated entity: its id, its name, how one is made, and its columns.

    The columns are named like the members of what `make` makes, `id`, `valid_from` and `valid_to` among them.
    `make` raises ValueError for values that contradict each other.
    """

    id: str
    label: Label
    make: Callable[..., Entity]
    columns: tuple[Column, ...]

    def is_in_force(self, entity: Entity, at: datetime, zone: ZoneInfo) -> bool:
        """Whether an entity is valid at a moment, in the city's days where it is dated by days."""
        start, end = entity.valid_from, entity.valid_to
        if isinstance(start, datetime):
            return start <= at and (not isinstance(end, datetime) or at < end)
        day = at.astimezone(zone).date()
        return start <= day and (end is None or day <= end)


def read_entity(
    kind: EntityKind, cells: Mapping[str, str], line: int
) -> tuple[Entity | None, list[LineProblem]]:
    """The entity in a line; None with every bad cell where it is none."""
    values, problems = read_cells(kind.columns, cells, line)
    if not DEVICE_ID.fullmatch(cells.get("id", "-")):
        problems.append(LineProblem(line, "id", "must be 1 to 64 of A-Z a-z 0-9 _ -", cells["id"]))
    if problems:
        return None, problems
    start, end = values["valid_from"], values["valid_to"]
    if end is not None and end < start:
        return None, [LineProblem(line, "valid_to", "must not lie before valid_from", cells["valid_to"])]
    try:
        return kind.make(**values), []
    except ValueError as error:
        return None, [LineProblem(line, "", str(error))]


def entity_cells(kind: EntityKind, entity: Entity) -> dict[str, str]:
    """The line of an entity, empty cells left out."""
    return write_cells(kind.columns, {column.name: getattr(entity, column.name) for column in kind.columns})


def key_of(entity: Entity) -> EntityKey:
    """What tells an entity from all others of its kind."""
    start = entity.valid_from
    return entity.id, MOMENT.write(start) if isinstance(start, datetime) else DAY.write(start)


def areas_of(kind: EntityKind, entity: Entity, area_of_device: Callable[[str], str | None]) -> set[str]:
    """The areas that an entity concerns; none of them where it concerns all."""
    found: set[str | None] = set()
    for column in kind.columns:
        value = getattr(entity, column.name)
        values = value if isinstance(value, tuple) else (value,)
        if column.refers_to == "area":
            found |= set(values)
        elif column.refers_to == "device":
            found |= {area_of_device(device) for device in values if device is not None}
    return {area for area in found if area}


def entity_problems(
    kind: EntityKind, entities: Sequence[Entity], known: Mapping[str, Container[str]]
) -> Iterator[tuple[EntityKey, str, str, str]]:
    """What is wrong with these as all entities of a kind: key, column, rule and value.

    `known` has the ids that a column may refer to, by what it refers to.
    """
    yield from _overlaps(entities)
    for column in kind.columns:
        ids = known.get(column.refers_to or "")
        if ids is None:
            continue
        for entity in entities:
            value = getattr(entity, column.name)
            for named in value if isinstance(value, tuple) else (value,):
                if named and named not in ids:
                    yield key_of(entity), column.name, f"names no {column.refers_to} that there is", named


def _overlaps(entities: Iterable[Entity]) -> Iterator[tuple[EntityKey, str, str, str]]:
    """Entities of one id that are valid at one time, or stand twice."""
    by_id: dict[str, list[Entity]] = {}
    for entity in entities:
        by_id.setdefault(entity.id, []).append(entity)
    for versions in by_id.values():
        versions.sort(key=lambda entity: _sortable(entity.valid_from))
        for earlier, later in pairwise(versions):
            until = earlier.valid_to
            if until is None or _sortable(until) > _sortable(later.valid_from) or _meets(until, later):
                rule = f"begins while the {earlier.id!r} from {key_of(earlier)[1]} is still valid"
                yield key_of(later), "valid_from", rule, key_of(later)[1]


def _meets(until: date, later: Entity) -> bool:
    """Whether a last day is also the next one's first; a moment of the end is outside."""
    return not isinstance(until, datetime) and until == later.valid_from


def _sortable(at: date) -> datetime:
    return at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)
