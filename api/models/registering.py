"""Imports, dated entities and pending devices as the API shows them."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict

from api.models.common import LabelView, Model
from api.times import Moment, moment, moment_or_none
from devices.columns import LineProblem
from devices.entity import Entity, EntityKind, entity_cells
from devices.table_files import cell_text
from store.operations.pending import PendingDevice
from store.operations.registrar import ImportReport

__all__ = ["AdoptRequest", "EntityKindView", "EntityView", "ImportView", "PendingView", "SampleView"]


class LineProblemView(Model):
    """A bad cell of a file."""

    line: int
    """Counted from 1 with the header; in GeoJSON the number of the feature; 0 is not in the file."""
    column: str
    rule: str
    """The rule that is broken."""
    value: str
    """What stands there."""

    @classmethod
    def of(cls, problem: LineProblem) -> "LineProblemView":
        """The problem as it is."""
        return cls(line=problem.line, column=problem.column, rule=problem.rule, value=problem.value)


class ImportView(Model):
    """What an import did, or would do."""

    dry_run: bool
    added: list[str]
    changed: dict[str, list[str]]
    """The columns that differ, by id."""
    removed: list[str]
    unchanged: int
    problems: list[LineProblemView]
    """Every bad cell; nothing is imported while there is one."""

    @classmethod
    def of(cls, report: ImportReport, *, dry_run: bool) -> "ImportView":
        """The report as it is."""
        return cls(
            dry_run=dry_run,
            added=list(report.added),
            changed={key: list(columns) for key, columns in report.changed.items()},
            removed=list(report.removed),
            unchanged=report.unchanged,
            problems=[LineProblemView.of(problem) for problem in report.problems],
        )


class ColumnView(Model):
    """A column of a file."""

    name: str
    about: str
    required: bool


class EntityKindView(Model):
    """A kind of dated entity and the columns of its file."""

    id: str
    label: LabelView
    columns: list[ColumnView]

    @classmethod
    def of(cls, kind: EntityKind) -> "EntityKindView":
        """The kind as it is described."""
        columns = [ColumnView(name=c.name, about=c.about, required=c.required) for c in kind.columns]
        return cls(id=kind.id, label=LabelView.of(kind.label), columns=columns)


class EntityView(Model):
    """A dated entity."""

    id: str
    valid_from: str
    """The first day in the city's time, or the first moment."""
    valid_to: str | None
    """The last day, or the first moment after it; null while it lasts."""
    values: dict[str, Any]
    """All its columns by name; null where it says nothing."""

    @classmethod
    def of(cls, kind: EntityKind, entity: Entity) -> "EntityView":
        """The entity as it is."""
        cells = entity_cells(kind, entity)
        values = {
            column.name: None if value is None else column.codec.plain(value)
            for column in kind.columns
            for value in [getattr(entity, column.name)]
        }
        return cls(
            id=entity.id, valid_from=cells["valid_from"], valid_to=cells.get("valid_to"), values=values
        )


class SampleView(Model):
    """The last message of a pending device, which may hold personal data."""

    payload: str
    """What came, or its beginning."""
    encoding: Literal["utf-8", "hex"]
    """How `payload` is written: hex where it is no text."""
    payload_bytes: int
    """How long it was."""


class PendingView(Model):
    """Somebody who speaks and is in no registry."""

    id: int
    identity: str
    """`format:identity`; a native device's is its id."""
    format: str
    guessed_kind: str | None
    topic: str
    """Of the last message."""
    count: int
    """How many records of it were dead letters."""
    first_seen: Moment
    last_seen: Moment
    dismissed_by: str | None
    dismissed_at: Moment | None
    sample: SampleView | None
    """Null for a key that may not read dead letters."""

    @classmethod
    def of(cls, pending: PendingDevice, *, with_sample: bool) -> "PendingView":
        """The pending device as it was kept."""
        return cls(
            id=pending.row,
            identity=pending.identity,
            format=pending.format,
            guessed_kind=pending.guessed_kind,
            topic=pending.topic,
            count=pending.count,
            first_seen=moment(pending.first_seen_ms),
            last_seen=moment(pending.last_seen_ms),
            dismissed_by=pending.dismissed_by,
            dismissed_at=moment_or_none(pending.dismissed_at_ms),
            sample=_sample(pending) if with_sample else None,
        )


class AdoptRequest(Model):
    """What to register a pending device as: the columns of a registry file, docs/registry.md lists them."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [{"id": "lamp-0042", "kind": "streetlight", "area": "tam-ky", "rated_w": 60}]
        },
    )

    id: str | None = None
    """Its own by default where it is a native device."""
    kind: str | None = None
    """The guessed one by default."""
    area: str | None = None
    """Needed unless the registry has the id already."""

    def cells(self) -> Mapping[str, str]:
        """The values as cells of a line."""
        given = self.model_dump(exclude_none=True)
        return {name: cell_text(value) for name, value in given.items()}


def _sample(pending: PendingDevice) -> SampleView:
    # A sample that was cut in the middle of a letter is still text.
    text = pending.payload.decode(errors="ignore")
    is_text = len(text.encode()) > len(pending.payload) - 4
    return SampleView(
        payload=text if is_text else pending.payload.hex(),
        encoding="utf-8" if is_text else "hex",
        payload_bytes=pending.payload_bytes,
    )
