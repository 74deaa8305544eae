"""The faults that time and telemetry may have something to do with, and the steps they take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from rules.lifecycle.due import Surroundings, due
from rules.lifecycle.figures import Lived
from rules.lifecycle.item import MANAGEMENT, WorkItem, WorkState
from rules.lifecycle.neighbourhood import Neighbourhood
from store.operations.database import OperationsDatabase
from store.operations.fault_rows import LifeLedger, lock_faults, read_faults
from store.operations.paging import Page
from store.operations.records import ChangeType, FaultRecord, FaultState
from store.operations.tables import changes, fault_windows, fault_work, faults

__all__ = ["Hidden", "LifecycleTables"]


_FEW = 1_000
_AT_ONCE = 200
"""Faults in one transaction: detection waits for their locks, and for the feed's counter."""


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A fault that a maintenance window hid; `was_active` says whether it was still wrong when released."""

    row: int
    window: str
    fault: FaultRecord
    hidden_at_ms: int
    released_at_ms: int | None
    was_active: bool | None


class LifecycleTables:
    """The life of faults at rest.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def unsettled(self) -> Sequence[FaultRecord]:
        """The faults that are active, and those that cleared with something left to be done about them."""
        left = (
            fault_work.c.state.in_((WorkState.OPEN, WorkState.RESOLVED))
            | fault_work.c.shelved_until_ms.is_not(None)
            | fault_work.c.out_of_service.is_not(None)
        )
        touched = faults.join(fault_work, fault_work.c.fault == faults.c.id)
        active = select(faults).where(faults.c.state == FaultState.ACTIVE)
        cleared = select(faults).select_from(touched).where(faults.c.state == FaultState.CLEARED, left)
        with self._database.read() as connection:
            return [*read_faults(connection, active), *read_faults(connection, cleared)]

    def changed(self, after: int, up_to: int) -> Sequence[FaultRecord] | None:
        """The faults that changed behind a revision, up to another; None where these are too many to tell."""
        query = (
            select(changes.c.id)
            .where(changes.c.revision > after, changes.c.revision <= up_to)
            .where(changes.c.type == ChangeType.FAULT)
            .limit(_FEW + 1)
        )
        with self._database.read() as connection:
            ids = connection.execute(query).scalars().all()
            if len(ids) > _FEW:
                return None
            return read_faults(connection, select(faults).where(faults.c.id.in_(set(ids))))

    def settle(self, records: Sequence[FaultRecord], around: Neighbourhood, now_ms: int) -> int:
        """Take the steps that are due for these faults, as they then stand; gives how many changed.

        A fault that changed since it was read is judged anew under its lock.
        """
        waiting = [record.id for record in records if due(record.item(), around.around(record.item()))[1]]
        return sum(
            self._settle(waiting[start : start + _AT_ONCE], around.around, now_ms)
            for start in range(0, len(waiting), _AT_ONCE)
        )

    def lived(self, since_ms: int) -> Sequence[Lived]:
        """The faults that are active, and those that were detected, or cleared, after a moment."""
        columns = faults.c
        recent = (columns.detected_at_ms > since_ms) | (columns.cleared_at_ms > since_ms)
        query = (
            select(
                columns.rule,
                columns.device,
                columns.detected_at_ms,
                columns.cleared_at_ms,
                columns.acknowledged_at_ms,
                fault_work.c.shelved_until_ms,
                fault_work.c.out_of_service,
            )
            .select_from(faults.outerjoin(fault_work, fault_work.c.fault == columns.id))
            .where((columns.state == FaultState.ACTIVE) | recent)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            Lived(
                source=(row.rule, row.device),
                raised_at_ms=row.detected_at_ms,
                cleared_at_ms=row.cleared_at_ms,
                acknowledged_at_ms=row.acknowledged_at_ms,
                is_shelved=row.shelved_until_ms is not None,
                is_out_of_service=row.out_of_service is not None,
            )
            for row in rows
        ]

    def hidden(self, window: str, *, before: int | None = None, limit: int = 100) -> Page[Hidden, int]:
        """What a maintenance window hid, the newest first, from the rows below `before`."""
        query = select(fault_windows).where(fault_windows.c.window == window)
        if before is not None:
            query = query.where(fault_windows.c.row < before)
        query = query.order_by(fault_windows.c.row.desc()).limit(limit + 1)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            wanted = select(faults).where(faults.c.id.in_([row.fault for row in rows]))
            known = {record.id: record for record in read_faults(connection, wanted)}
        found = [
            Hidden(
                row=row.row,
                window=row.window,
                fault=known[row.fault],
                hidden_at_ms=row.hidden_at_ms,
                released_at_ms=row.released_at_ms,
                was_active=row.was_active,
            )
            for row in rows[:limit]
        ]
        return Page(found, found[-1].row if len(rows) > limit else None)

    def _settle(self, ids: Sequence[str], around: Callable[[WorkItem], Surroundings], now_ms: int) -> int:
        with self._database.write() as connection:
            ledger = LifeLedger(now_ms)
            for record in lock_faults(connection, ids).values():
                item, steps = due(record.item(), around(record.item()))
                if steps:
                    ledger.take(record, item, steps, MANAGEMENT)
            return len(ledger.write(connection))
