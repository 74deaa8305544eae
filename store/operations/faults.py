"""Faults as people find and read them; what people do to them is in `fault_desk`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, case, exists, func, select

from rules.faults import Severity
from rules.lifecycle.item import WorkState
from rules.management.standing import Hold
from store.operations.database import OperationsDatabase
from store.operations.errors import NoSuchRecordError
from store.operations.fault_rows import read_faults
from store.operations.incident_tables import fault_standings
from store.operations.paging import Page
from store.operations.reach import EVERYWHERE, Reach
from store.operations.records import FaultRecord, FaultState, Transition
from store.operations.tables import fault_history, fault_work, faults

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
    work: WorkState | None = None
    assignee: str | None = None
    shelved: bool | None = None
    out_of_service: bool | None = None
    closed: bool | None = None
    hold: Hold | None = None
    incident: str | None = None
    reach: Reach = EVERYWHERE


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
        with_work = faults.outerjoin(fault_work, fault_work.c.fault == faults.c.id)
        query = select(faults).select_from(with_work).where(*_conditions(wanted))
        query = query.order_by(faults.c.number.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(faults.c.number < before)
        with self._database.read() as connection:
            records = read_faults(connection, query)
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
            found = read_faults(connection, select(faults).where(faults.c.id == fault))
        if not found:
            raise NoSuchRecordError("fault", fault)
        return found[0]

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


def _conditions(wanted: FaultFilter) -> list[ColumnElement[bool]]:
    plain = ("state", "number", "device", "kind", "area", "severity", "rule")
    asked = {name: getattr(wanted, name) for name in plain if getattr(wanted, name) is not None}
    conditions: list[ColumnElement[bool]] = [faults.c[name] == value for name, value in asked.items()]
    conditions += wanted.reach.conditions(faults.c.area, faults.c.kind)
    if wanted.acknowledged is not None:
        is_null = faults.c.acknowledged_by.is_(None)
        conditions.append(~is_null if wanted.acknowledged else is_null)
    return conditions + _of_work(wanted) + _of_management(wanted)


def _of_management(wanted: FaultFilter) -> list[ColumnElement[bool]]:
    """What is asked of where management has put the fault."""
    asked = {name: value for name in ("hold", "incident") if (value := getattr(wanted, name)) is not None}
    matching = [fault_standings.c[name] == value for name, value in asked.items()]
    return [exists().where(fault_standings.c.fault == faults.c.id, *matching)] if matching else []


def _of_work(wanted: FaultFilter) -> list[ColumnElement[bool]]:
    """What is asked of the work, which a fault that nobody touched has no row of."""
    columns = fault_work.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.work is not None:
        is_active = faults.c.state == FaultState.ACTIVE
        untouched = case((is_active, WorkState.OPEN.value), else_=WorkState.VERIFIED.value)
        conditions.append(func.coalesce(columns.state, untouched) == wanted.work.value)
    if wanted.assignee is not None:
        conditions.append(columns.assignee == wanted.assignee)
    for name in ("shelved", "out_of_service", "closed"):
        asked, column = getattr(wanted, name), columns[_SET_BY[name]]
        if asked is not None:
            conditions.append(column.is_not(None) if asked else column.is_(None))
    return conditions


_SET_BY = {"shelved": "shelved_until_ms", "out_of_service": "out_of_service", "closed": "closed_at_ms"}


def _history_entry(row: RowMapping) -> HistoryEntry:
    return HistoryEntry(
        at_ms=row["at_ms"],
        who=row["who"],
        transition=Transition(row["transition"]),
        comment=row["comment"],
        why=row["why"],
    )
