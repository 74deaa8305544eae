"""What people do to faults: in the fault, its history, the audit and the feed, or nowhere."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rules.lifecycle.deeds import (
    Acknowledge,
    Assign,
    Close,
    Comment,
    Deed,
    SetWork,
    Shelve,
    Unshelve,
    perform,
)  # fmt: skip
from rules.lifecycle.errors import DeedRefusedError
from rules.lifecycle.item import Step, WorkItem
from store.operations.audit import AuditEntry, append_audit
from store.operations.database import OperationsDatabase
from store.operations.errors import NoSuchRecordError, VersionConflictError
from store.operations.fault_rows import LifeLedger, lock_faults
from store.operations.records import FaultRecord

__all__ = ["Asked", "FaultDesk", "Refusal"]

Refusal = DeedRefusedError | NoSuchRecordError | VersionConflictError

_ACTIONS: dict[type, str] = {
    Acknowledge: "fault.acknowledge",
    Assign: "fault.assign",
    Comment: "fault.comment",
    Shelve: "fault.shelve",
    Unshelve: "fault.unshelve",
    SetWork: "fault.work",
    Close: "fault.close",
}


@dataclass(frozen=True)
class Asked:
    """A fault that somebody wants to do something to, and the version they had read; None for any."""

    fault: str
    expected_version: int | None = None


class FaultDesk:
    """Where people's deeds come in.

    Every method raises `OperationsUnavailableError` when the database does not answer.
    """

    def __init__(self, database: OperationsDatabase) -> None:
        self._database = database

    def perform(
        self, fault: str, deed: Deed, *, who: str, at_ms: int, expected_version: int | None = None
    ) -> FaultRecord:
        """The fault after a deed. A deed whose effect stands already changes nothing, at whatever version.

        Raises:
            NoSuchRecordError: there is no such fault.
            DeedRefusedError: its state does not allow the deed.
            VersionConflictError: it is not at `expected_version`.
        """
        [answer] = self.perform_each([Asked(fault, expected_version)], deed, who=who, at_ms=at_ms)
        if not isinstance(answer, FaultRecord):
            raise answer
        return answer

    def perform_each(
        self, asked: Sequence[Asked], deed: Deed, *, who: str, at_ms: int
    ) -> list[FaultRecord | Refusal]:
        """One deed done to several faults in one transaction: each fault after it, or why it was refused.

        A fault that is refused does not hold up the others.
        """
        with self._database.write() as connection:
            standing = lock_faults(connection, [one.fault for one in asked])
            ledger = LifeLedger(at_ms)
            answers: list[FaultRecord | Refusal] = []
            for one in asked:
                answer, steps = _judge(one, standing.get(one.fault), deed, (who, at_ms))
                if not isinstance(answer, WorkItem):
                    answers.append(answer)
                    continue
                if steps:
                    record = ledger.take(standing[one.fault], answer, steps, who)
                    standing[one.fault] = record
                    append_audit(connection, _audit(record, deed, who, at_ms))
                answers.append(standing[one.fault])
            final = ledger.write(connection)
        return [final.get(a.id, a) if isinstance(a, FaultRecord) else a for a in answers]


def _judge(
    asked: Asked, record: FaultRecord | None, deed: Deed, by: tuple[str, int]
) -> tuple[WorkItem | Refusal, Sequence[Step]]:
    """The fault after the deed and the steps to it, or the refusal."""
    if record is None:
        return NoSuchRecordError("fault", asked.fault), ()
    try:
        item, steps = perform(record.item(), deed, who=by[0], at_ms=by[1])
    except DeedRefusedError as error:
        return error, ()
    if steps and asked.expected_version not in (None, record.version):
        return VersionConflictError(asked.expected_version, record.version), ()
    return item, steps


def _audit(record: FaultRecord, deed: Deed, who: str, at_ms: int) -> AuditEntry:
    detail: dict[str, Any] = {"number": record.number, **asdict(deed)}
    return AuditEntry(at_ms=at_ms, who=who, action=_ACTIONS[type(deed)], target=record.id, detail=detail)
