"""Reading and writing whole faults: the row of a fault, and beside it the row of the work on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from rules.lifecycle.item import Step, Work, WorkItem
from rules.lifecycle.transition import Transition
from store.operations.changes import Step as Change
from store.operations.changes import append_changes
from store.operations.dialects import bulk_upsert
from store.operations.paging import in_chunks
from store.operations.records import FaultRecord, from_row, untouched_work, work_from_row
from store.operations.tables import fault_history, fault_windows, fault_work, faults

__all__ = ["LifeLedger", "lock_faults", "read_faults"]

_LIVED = ("severity", "acknowledged_by", "acknowledged_at_ms", "version", "revision")


def read_faults(connection: Connection, query: Select[Any]) -> list[FaultRecord]:
    """The faults that a query of whole `faults` rows finds, in its order, with the work on them."""
    records = [from_row(FaultRecord, row) for row in connection.execute(query).mappings()]
    works: dict[str, Work] = {}
    for chunk in in_chunks([record.id for record in records]):
        found = connection.execute(select(fault_work).where(fault_work.c.fault.in_(chunk))).mappings()
        works |= {row["fault"]: work_from_row(row) for row in found}
    return [replace(record, work=works.get(record.id) or untouched_work(record.state)) for record in records]


def lock_faults(connection: Connection, ids: Sequence[str]) -> dict[str, FaultRecord]:
    """Those of the faults that there are, by id, locked in the order of ids until the transaction ends.

    The work is read after the lock is held: whoever held it before us may have changed it.
    """
    found: dict[str, FaultRecord] = {}
    for chunk in in_chunks(sorted(set(ids))):
        query = select(faults).where(faults.c.id.in_(chunk)).order_by(faults.c.id).with_for_update()
        found |= {record.id: record for record in read_faults(connection, query)}
    return found


@dataclass
class LifeLedger:
    """Steps of life cycles about to be written together: faults, work, history, the feed of changes.

    Take the locks of the faults first; `write` comes last in its transaction.
    """

    at_ms: int
    _records: dict[str, FaultRecord] = field(default_factory=dict)
    _changes: list[Change[FaultRecord]] = field(default_factory=list)
    _history: list[dict[str, Any]] = field(default_factory=list)
    _windows: list[tuple[str, Step]] = field(default_factory=list)

    def take(self, standing: FaultRecord, item: WorkItem, steps: Sequence[Step], who: str) -> FaultRecord:
        """Note that a fault went by some steps to where `item` has it; gives it with its new version."""
        record = standing.after(item)
        self._records[record.id] = record
        for step in steps:
            self._changes.append(Change(record, step.transition, self.at_ms))
            self._history.append(
                {
                    "fault": record.id,
                    "at_ms": self.at_ms,
                    "who": who,
                    "transition": step.transition,
                    "comment": step.comment,
                    "why": step.why,
                }
            )
            if step.transition in _OF_WINDOWS:
                self._windows.append((record.id, step))
        return record

    def write(self, connection: Connection) -> dict[str, FaultRecord]:
        """Write what was noted; gives the faults with their revisions, by id."""
        if not self._records:
            return {}
        # Before the feed's counter, which everybody else then waits for.
        connection.execute(insert(fault_history), self._history)
        works = [_work_row(record) for record in self._records.values()]
        bulk_upsert(connection, fault_work, works, key=["fault"])
        for fault, step in self._windows:
            _note_window(connection, fault, step, self.at_ms)
        final = {record.id: record for record in append_changes(connection, self._changes)}
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _LIVED}
        changed = [{f"new_{name}": getattr(r, name) for name in ("id", *_LIVED)} for r in final.values()]
        connection.execute(update(faults).where(faults.c.id == bindparam("new_id")).values(values), changed)
        return final


_OF_WINDOWS = frozenset({Transition.OUT_OF_SERVICE, Transition.BACK_IN_SERVICE})


def _note_window(connection: Connection, fault: str, step: Step, at_ms: int) -> None:
    """Keep the log of a maintenance window: what it hid, and what was still wrong when it ended."""
    window = step.why["window"]
    if step.transition is Transition.OUT_OF_SERVICE:
        connection.execute(insert(fault_windows), {"window": window, "fault": fault, "hidden_at_ms": at_ms})
        return
    open_rows = (
        (fault_windows.c.fault == fault)
        & (fault_windows.c.window == window)
        & fault_windows.c.released_at_ms.is_(None)
    )
    released = {"released_at_ms": at_ms, "was_active": step.why["active"]}
    connection.execute(update(fault_windows).where(open_rows).values(released))


def _work_row(record: FaultRecord) -> dict[str, Any]:
    work = record.work
    return {name: getattr(work, name) for name in Work.__dataclass_fields__} | {"fault": record.id}
