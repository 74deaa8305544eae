"""The feed of changes that live streams and integrators follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, RowMapping, func, insert, select

from devices.masking import hide
from devices.plates import mask
from rules.management.incident import IncidentChange
from store.operations.counters import Counter, allocate
from store.operations.database import OperationsDatabase
from store.operations.incident_records import IncidentRecord
from store.operations.records import ChangeType, FaultRecord, Transition, ViolationRecord, to_body
from store.operations.tables import changes

__all__ = ["ChangeFeed", "ChangeRecord", "Step", "append_changes", "change_record"]

_R = TypeVar("_R", FaultRecord, ViolationRecord, IncidentRecord)
_TYPES = MappingProxyType(
    {
        FaultRecord: ChangeType.FAULT,
        ViolationRecord: ChangeType.VIOLATION,
        IncidentRecord: ChangeType.INCIDENT,
    }
)


@dataclass(frozen=True, kw_only=True)
class ChangeRecord:
    """One change: what kind of record, which, and the record as the change left it.

    `body` is read with `records.from_body`; of a violation it has the masked plate only.
    """

    revision: int
    at_ms: int
    type: ChangeType
    id: str
    area: str
    kind: str
    change: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Step(Generic[_R]):
    """A change about to be written: the record as it will be, save for its revision."""

    record: _R
    transition: Transition | IncidentChange
    at_ms: int


class ChangeFeed:
    """Changes in the order in which they were committed."""

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def after(self, revision: int, limit: int) -> Sequence[ChangeRecord]:
        """At most `limit` changes behind a revision, oldest first.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        query = select(changes).where(changes.c.revision > revision).order_by(changes.c.revision).limit(limit)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [change_record(row) for row in rows]

    def last_revision(self) -> int:
        """The revision of the newest change; 0 where there is none.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        with self._database.read() as connection:
            last: int | None = connection.execute(select(func.max(changes.c.revision))).scalar()
        return last or 0


def change_record(row: Mapping[str, Any] | RowMapping) -> ChangeRecord:
    """The change that a row of the feed is."""
    return ChangeRecord(**(dict(row) | {"type": ChangeType(row["type"])}))


def append_changes(connection: Connection, steps: Sequence[Step[_R]]) -> list[_R]:
    """Add changes to the feed, and return their records with the revisions they got, in the same order.

    Call it last in a transaction: everyone who wants to add changes waits until it ends.
    """
    revisions = allocate(connection, Counter.REVISION, len(steps))
    records = [
        replace(step.record, revision=revision) for step, revision in zip(steps, revisions, strict=True)
    ]
    if steps:
        rows = [_row(step, record) for step, record in zip(steps, records, strict=True)]
        connection.execute(insert(changes), rows)
    return records


def _row(step: Step[Any], record: FaultRecord | ViolationRecord | IncidentRecord) -> dict[str, Any]:
    return {
        "revision": record.revision,
        "at_ms": step.at_ms,
        "type": _TYPES[type(record)],
        "id": record.id,
        "area": record.area,
        "kind": record.kind,
        "change": step.transition,
        "body": to_body(_for_everyone(record) if isinstance(record, ViolationRecord) else record),
    }


def _for_everyone(violation: ViolationRecord) -> ViolationRecord:
    # The feed is kept and sent out more widely than the violations themselves: no plate, also not inside an
    # event's id, and no explanation, which may quote it.
    if violation.plate is None:
        return replace(violation, why={}, images=())
    hidden = {name: hide(getattr(violation, name), [violation.plate]) for name in ("event", "measured")}
    return replace(violation, plate=mask(violation.plate), why={}, images=(), **hidden)
