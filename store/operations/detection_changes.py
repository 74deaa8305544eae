"""Writing the faults and violations that detection found, each once however often it is offered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, insert, select, update

from rules.detection.outcome import Change
from rules.faults import FaultCleared, FaultRaised
from rules.lifecycle.item import Work
from rules.violations import ViolationSuspected
from store.operations.changes import Step, append_changes
from store.operations.counters import Counter, allocate
from store.operations.fault_rows import lock_faults
from store.operations.paging import in_chunks
from store.operations.records import (
    FaultRecord,
    FaultState,
    Transition,
    ViolationRecord,
    to_row,
    untouched_work,
)
from store.operations.tables import devices, fault_history, faults, violations

__all__ = ["DETECTION", "write_changes"]

DETECTION = "detection"
"""Who changed a fault, where no person did."""

_log = structlog.get_logger(__name__)


@dataclass
class _FaultLedger:
    """The faults an outcome touches, as they stand and as its changes leave them."""

    standing: dict[str, FaultRecord]
    numbers: Mapping[str, int]
    whys: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    steps: list[Step[FaultRecord]] = field(default_factory=list)

    def raise_(self, change: FaultRaised) -> None:
        """Add a fault; one that stands stays as it is, whatever became of it."""
        if change.id in self.standing:
            return
        record = _raised(change, self.numbers[change.id])
        self.whys[change.id] = change.why
        self._step(record, Transition.RAISED, change)

    def clear(self, change: FaultCleared) -> None:
        """Clear an active fault."""
        record = self.standing.get(change.id)
        if record is None:
            _log.warning("a fault that was never raised cannot clear", fault=change.id, rule=change.rule)
        elif record.state is FaultState.ACTIVE:
            cleared = replace(
                record,
                state=FaultState.CLEARED,
                cleared_at_ms=change.cleared_at_ms,
                work=untouched_work(FaultState.CLEARED) if record.work == Work() else record.work,
                version=record.version + 1,
            )
            self._step(cleared, Transition.CLEARED, change)

    def _step(self, record: FaultRecord, transition: Transition, change: FaultRaised | FaultCleared) -> None:
        self.standing[record.id] = record
        self.steps.append(Step(record, transition, change.detected_at_ms))
        self.history.append(
            {
                "fault": record.id,
                "at_ms": change.detected_at_ms,
                "who": DETECTION,
                "transition": transition,
                "comment": None,
                "why": change.why,
            }
        )


def write_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Write faults, their history, violations, and the feed of both: the faults first."""
    # Locks are taken in one order by everybody: fault rows, then the counters as `Counter` lists them.
    ledger = _fault_ledger(connection, [c for c in changes if not isinstance(c, ViolationSuspected)])
    suspected = _new_violations(connection, [c for c in changes if isinstance(c, ViolationSuspected)])
    final_faults = {record.id: record for record in append_changes(connection, ledger.steps)}
    _store_faults(connection, ledger, final_faults.values())
    stored = append_changes(connection, suspected)
    if stored:
        connection.execute(insert(violations), [to_row(record) for record in stored])


def _fault_ledger(connection: Connection, changes: Sequence[FaultRaised | FaultCleared]) -> _FaultLedger:
    standing = lock_faults(connection, [change.id for change in changes])
    new = dict.fromkeys(c.id for c in changes if isinstance(c, FaultRaised) and c.id not in standing)
    numbers = allocate(connection, Counter.FAULT, len(new))
    ledger = _FaultLedger(standing, dict(zip(new, numbers, strict=True)))
    for change in changes:
        if isinstance(change, FaultRaised):
            ledger.raise_(change)
        else:
            ledger.clear(change)
    return ledger


def _store_faults(connection: Connection, ledger: _FaultLedger, records: Iterable[FaultRecord]) -> None:
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for record in records:
        if record.id in ledger.numbers:
            new.append(to_row(record) | {"why": ledger.whys[record.id]})
        else:
            changed.append({f"new_{name}": getattr(record, name) for name in ("id", *_CLEARING)})
    if new:
        connection.execute(insert(faults), new)
    if changed:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _CLEARING}
        connection.execute(update(faults).where(faults.c.id == bindparam("new_id")).values(values), changed)
    if ledger.history:
        connection.execute(insert(fault_history), ledger.history)


_CLEARING = ("state", "cleared_at_ms", "version", "revision")


def _new_violations(
    connection: Connection, suspected: Sequence[ViolationSuspected]
) -> list[Step[ViolationRecord]]:
    offered = {change.id: change for change in suspected}
    known: set[str] = set()
    for chunk in in_chunks(list(offered)):
        known |= set(connection.execute(select(violations.c.id).where(violations.c.id.in_(chunk))).scalars())
    new = [change for change in offered.values() if change.id not in known]
    kinds = _kinds_of(connection, sorted({change.device for change in new}))
    numbers = allocate(connection, Counter.VIOLATION, len(new))
    return [
        Step(
            _suspected(change, number, kinds.get(change.device, "")),
            Transition.SUSPECTED,
            change.detected_at_ms,
        )
        for change, number in zip(new, numbers, strict=True)
    ]


def _kinds_of(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in in_chunks(ids):
        rows = connection.execute(select(devices.c.id, devices.c.kind).where(devices.c.id.in_(chunk)))
        found |= {row.id: row.kind for row in rows}
    return found


def _raised(change: FaultRaised, number: int) -> FaultRecord:
    return FaultRecord(
        number=number,
        id=change.id,
        rule=change.rule,
        rule_version=change.rule_version,
        title=change.title,
        device=change.device,
        kind=change.kind,
        area=change.area,
        severity=change.severity,
        state=FaultState.ACTIVE,
        since_ms=change.since_ms,
        raised_at_ms=change.raised_at_ms,
        detected_at_ms=change.detected_at_ms,
    )


def _suspected(change: ViolationSuspected, number: int, kind: str) -> ViolationRecord:
    plain = {name: getattr(change, name) for name in change.__dataclass_fields__}
    return ViolationRecord(number=number, kind=kind, **plain)
