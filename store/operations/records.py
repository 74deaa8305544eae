"""Rows as the rest of the program sees them. Times are epoch milliseconds UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from sqlalchemy import RowMapping

from devices.description import Label
from rules.faults import Severity
from rules.lifecycle.item import Work, WorkItem, WorkState
from rules.lifecycle.transition import Transition
from rules.review.case import ViolationState
from store.operations.incident_records import IncidentRecord

__all__ = [
    "ChangeType", "FaultRecord", "FaultState", "Transition", "ViolationRecord", "ViolationState", "from_body",
    "from_row", "to_body", "to_row", "untouched_work", "work_from_row",
]  # fmt: skip


class FaultState(StrEnum):
    """Whether a fault's condition still lasts."""

    ACTIVE = "active"
    CLEARED = "cleared"


class ChangeType(StrEnum):
    """What a change is a change of."""

    FAULT = "fault"
    VIOLATION = "violation"
    INCIDENT = "incident"


@dataclass(frozen=True, kw_only=True)
class FaultRecord:
    """A fault as it stands, without what explains it.

    `version` grows with every change of the record, and `revision` is the change that made it so.
    """

    number: int
    id: str
    rule: str
    rule_version: int
    title: Label
    device: str
    kind: str
    area: str
    severity: Severity
    state: FaultState
    since_ms: int
    raised_at_ms: int
    detected_at_ms: int
    cleared_at_ms: int | None = None
    acknowledged_by: str | None = None
    acknowledged_at_ms: int | None = None
    work: Work = field(default_factory=Work)
    version: int = 1
    revision: int = 0

    def item(self) -> WorkItem:
        """The fault as the life cycle sees it."""
        return WorkItem(
            fault=self.id,
            rule=self.rule,
            device=self.device,
            kind=self.kind,
            severity=self.severity,
            raised_at_ms=self.raised_at_ms,
            cleared_at_ms=self.cleared_at_ms,
            acknowledged_by=self.acknowledged_by,
            acknowledged_at_ms=self.acknowledged_at_ms,
            work=self.work,
        )

    def after(self, item: WorkItem) -> "FaultRecord":
        """The fault as the life cycle left it, one version on; detection's part stays."""
        return replace(
            self,
            severity=item.severity,
            acknowledged_by=item.acknowledged_by,
            acknowledged_at_ms=item.acknowledged_at_ms,
            work=item.work,
            version=self.version + 1,
        )


@dataclass(frozen=True, kw_only=True)
class ViolationRecord:
    """A suspected violation. `plate` is the whole text: mask it unless the reader may see it."""

    number: int
    id: str
    rule: str
    rule_version: int
    type: str
    title: Label
    device: str
    kind: str
    area: str
    event: str
    occurred_at_ms: int
    detected_at_ms: int
    lane: int | None
    vehicle_class: str | None
    plate: str | None
    plate_confidence: float | None
    measured: Mapping[str, Any]
    images: Sequence[Mapping[str, Any]]
    why: Mapping[str, Any]
    state: ViolationState = ViolationState.SUSPECTED
    version: int = 1
    revision: int = 0


_R = TypeVar("_R", FaultRecord, ViolationRecord)
_B = TypeVar("_B", FaultRecord, ViolationRecord, IncidentRecord)


def to_row(record: FaultRecord | ViolationRecord) -> dict[str, Any]:
    """Column values of a record; the title becomes its two columns. A fault's work has a table of its own."""
    row = {name: getattr(record, name) for name in record.__dataclass_fields__ if name != "work"}
    title: Label = row.pop("title")
    return row | {"title_vi": title.vi, "title_en": title.en}


def from_row(record: type[_R], row: RowMapping) -> _R:
    """The record in a row; columns it does not have are left out. A fault's work is not in it."""
    apart = ("title", "work")
    values: dict[str, Any] = {name: row[name] for name in record.__dataclass_fields__ if name not in apart}
    values["state"] = FaultState(row["state"]) if record is FaultRecord else ViolationState(row["state"])
    if record is FaultRecord:
        values["severity"] = Severity(row["severity"])
    return record(title=Label(vi=row["title_vi"], en=row["title_en"]), **values)


def work_from_row(row: RowMapping) -> Work:
    """The work in a row of its table."""
    values = {name: row[name] for name in Work.__dataclass_fields__}
    return Work(**(values | {"state": WorkState(row["state"])}))


def untouched_work(state: FaultState) -> Work:
    """The work on a fault that nobody ever touched: open while it is active, and done once it cleared."""
    return Work() if state is FaultState.ACTIVE else Work(state=WorkState.VERIFIED)


def to_body(record: FaultRecord | ViolationRecord | IncidentRecord) -> dict[str, Any]:
    """The record as plain data, for a change's body."""
    body: dict[str, Any] = msgspec.to_builtins(record)
    return body


def from_body(record: type[_B], body: Mapping[str, Any]) -> _B:
    """The record in a change's body, also in one that an older version of this program wrote."""
    return msgspec.convert(body, record)
