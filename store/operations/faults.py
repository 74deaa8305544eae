"""Faults as people find, read and acknowledge them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select, update

from rules.faults import Severity
from store.operations.audit import AuditEntry, append_audit
from store.operations.changes import Step, append_changes
from store.operations.database import OperationsDatabase
from store.operations.errors import AlreadyAcknowledgedError, NoSuchRecordError, VersionConflictError
from store.operations.paging import Page
from store.operations.records import FaultRecord, FaultState, Transition, from_row
from store.operations.tables import fault_history, faults

__all__ = ["FaultFilter", "FaultRepository", "HistoryEntry"]


@dataclass(frozen=True, kw_only=True)
class FaultFilter:
    """Which faults to list; None asks for all of them."""

    state: FaultState | None = None
    acknowledged: bool | None = None
    number: int | None = None
    device: str | None = None
    kind: str | None = None
    area: str | None = None
    severity: Severity | None = None
    rule: str | None = None


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One step of a fault's life: who did it, and what explains it. `who` is `detection` or a key's name."""

    at_ms: int
    who: str
    transition: Transition
    comment: str | None
    why: Mapping[str, Any]


class FaultRepository:
    """Faults by their id.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def list(
        self, wanted: FaultFilter, *, before: int | None = None, limit: int = 100
    ) -> Page[FaultRecord, int]:
        """Faults, newest first, from those whose number is below `before`."""
        query = select(faults).where(*_conditions(wanted)).order_by(faults.c.number.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(faults.c.number < before)
        with self._database.read() as connection:
            records = [from_row(FaultRecord, row) for row in connection.execute(query).mappings()]
        return Page(records[:limit], records[limit - 1].number if len(records) > limit else None)

    def count(self) -> int:
        """How many faults there ever were."""
        with self._database.read() as connection:
            total: int = connection.execute(select(func.count()).select_from(faults)).scalar_one()
        return total

    def get(self, fault: str) -> FaultRecord:
        """The fault of that id.

        Raises:
            NoSuchRecordError: there is none.
        """
        with self._database.read() as connection:
            return _find(connection, fault)

    def why(self, fault: str) -> Mapping[str, Any]:
        """What explains that the fault was raised: the expression, the same with values, the samples.

        Raises:
            NoSuchRecordError: there is none.
        """
        with self._database.read() as connection:
            found = connection.execute(select(faults.c.why).where(faults.c.id == fault)).scalar_one_or_none()
        if found is None:
            raise NoSuchRecordError("fault", fault)
        why: Mapping[str, Any] = found
        return why

    def history(self, fault: str) -> Sequence[HistoryEntry]:
        """The steps of its life, oldest first.

        Raises:
            NoSuchRecordError: there is none.
        """
        query = select(fault_history).where(fault_history.c.fault == fault).order_by(fault_history.c.row)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        if not rows:
            raise NoSuchRecordError("fault", fault)
        return [_history_entry(row) for row in rows]

    def acknowledge(
        self,
        fault: str,
        *,
        who: str,
        at_ms: int,
        comment: str | None = None,
        expected_version: int | None = None,
    ) -> FaultRecord:
        """The fault, taken note of by `who`; the act is in its history, the audit and the feed.

        Asking again under the same name changes nothing and returns the fault as it stands, whatever version
        was expected: the answer to the first request may have been lost on its way.

        Raises:
            NoSuchRecordError: there is none.
            AlreadyAcknowledgedError: somebody else acknowledged it.
            VersionConflictError: it is not at `expected_version`.
        """
        with self._database.write() as connection:
            standing = _find(connection, fault, for_update=True)
            if standing.acknowledged_by == who:
                return standing
            if standing.acknowledged_by is not None:
                raise AlreadyAcknowledgedError(standing.acknowledged_by, standing.acknowledged_at_ms or 0)
            if expected_version not in (None, standing.version):
                raise VersionConflictError(expected_version, standing.version)
            return _acknowledge(connection, standing, who, at_ms, comment)


def _conditions(wanted: FaultFilter) -> list[ColumnElement[bool]]:
    plain = ("state", "number", "device", "kind", "area", "severity", "rule")
    asked = {name: getattr(wanted, name) for name in plain if getattr(wanted, name) is not None}
    conditions: list[ColumnElement[bool]] = [faults.c[name] == value for name, value in asked.items()]
    if wanted.acknowledged is not None:
        is_null = faults.c.acknowledged_by.is_(None)
        conditions.append(~is_null if wanted.acknowledged else is_null)
    return conditions


def _find(connection: Connection, fault: str, *, for_update: bool = False) -> FaultRecord:
    query = select(faults).where(faults.c.id == fault)
    row = connection.execute(query.with_for_update() if for_update else query).mappings().one_or_none()
    if row is None:
        raise NoSuchRecordError("fault", fault)
    return from_row(FaultRecord, row)


def _acknowledge(
    connection: Connection, standing: FaultRecord, who: str, at_ms: int, comment: str | None
) -> FaultRecord:
    record = replace(standing, acknowledged_by=who, acknowledged_at_ms=at_ms, version=standing.version + 1)
    step = {"fault": record.id, "at_ms": at_ms, "who": who, "transition": Transition.ACKNOWLEDGED}
    connection.execute(insert(fault_history), step | {"comment": comment, "why": {}})
    detail = {"number": record.number, "comment": comment}
    entry = AuditEntry(at_ms=at_ms, who=who, action="fault.acknowledge", target=record.id, detail=detail)
    append_audit(connection, entry)
    [record] = append_changes(connection, [Step(record, Transition.ACKNOWLEDGED, at_ms)])
    changed = ("acknowledged_by", "acknowledged_at_ms", "version", "revision")
    values = {name: getattr(record, name) for name in changed}
    connection.execute(update(faults).where(faults.c.id == record.id).values(values))
    return record


def _history_entry(row: RowMapping) -> HistoryEntry:
    return HistoryEntry(
        at_ms=row["at_ms"],
        who=row["who"],
        transition=Transition(row["transition"]),
        comment=row["comment"],
        why=row["why"],
    )
