"""Faults as the API shows them."""

from typing import Any, Literal

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.models.common import DeviceRef, LabelView, Model, RuleRef
from api.models.management import CauseView, HoldView
from api.times import Moment, moment, moment_or_none
from devices.registry import Registry
from rules.faults import Severity
from rules.lifecycle.item import Work, WorkState
from rules.lifecycle.words import TRANSITION_WORDS
from store.operations.faults import HistoryEntry
from store.operations.lifecycle import Hidden
from store.operations.records import FaultRecord

__all__ = ["ByView", "FaultView", "HiddenView", "HistoryView", "ShelvingView", "WhyView", "WorkView"]

_EXAMPLE: JsonDict = {
    "id": "c1f4a0c2-6d0e-5d7b-9d1c-2f6f6a0b1c9e",
    "number": 17,
    "rule": {"id": "lamp.out", "version": 1},
    "title": {"vi": "Đèn không sáng khi đã bật", "en": "Lamp out while commanded on"},
    "device": {"id": "lamp-0042", "kind": "streetlight", "area": "tam-ky", "name": "Lamp 42"},
    "severity": "minor",
    "state": "active",
    "acknowledged": {"by": "control-room", "at": "2026-11-22T11:09:30.000Z"},
    "since": "2026-11-22T11:02:00.000Z",
    "raised_at": "2026-11-22T11:07:00.000Z",
    "cleared_at": None,
    "detected_at": "2026-11-22T11:07:01.250Z",
    "work": {
        "state": "in_progress",
        "assignee": "crew-1",
        "resolved": None,
        "shelved": None,
        "closed": None,
        "out_of_service": None,
    },
    "management": {
        "hold": "suppressed",
        "until": None,
        "suppressed_by": "0d0c0cf1-5d5f-5b53-9f0d-64f7e2a1a9c4",
        "reason": {
            "vi": "Do sự cố “Tủ mất nguồn cả ba pha” ở TK-C-01",
            "en": "Caused by “Cabinet without supply” at TK-C-01",
        },
        "incident": "7a2f1a58-57c1-5d0a-8a4d-0a8b3f0f1d11",
    },
    "version": 2,
}


class ByView(Model):
    """Who did something, and when."""

    by: str
    at: Moment

    @classmethod
    def of(cls, by: str | None, at_ms: int | None) -> "ByView | None":
        """The deed; None where nobody did it."""
        return None if by is None else cls(by=by, at=moment(at_ms or 0))


class ShelvingView(Model):
    """That a fault is put aside."""

    by: str
    at: Moment
    until: Moment
    mode: Literal["once", "timed"]
    """`once` ends when the fault clears, too; `timed` holds for the same rule on the same device."""


class WorkView(Model):
    """What people and maintenance did about a fault."""

    state: WorkState
    assignee: str | None
    """Id of the crew."""
    resolved: ByView | None
    """Who reported the repair. Telemetry verifies it."""
    shelved: ShelvingView | None
    closed: ByView | None
    out_of_service: str | None
    """The maintenance window in which the fault was opened, while it is on."""

    @classmethod
    def of(cls, work: Work) -> "WorkView":
        """The work as it stands."""
        shelved = None
        if work.shelved_until_ms is not None:
            shelved = ShelvingView(
                by=work.shelved_by or "",
                at=moment(work.shelved_at_ms or 0),
                until=moment(work.shelved_until_ms),
                mode="once" if work.shelved_once else "timed",
            )
        return cls(
            state=work.state,
            assignee=work.assignee,
            resolved=ByView.of(work.resolved_by, work.resolved_at_ms),
            shelved=shelved,
            closed=ByView.of(work.closed_by, work.closed_at_ms),
            out_of_service=work.out_of_service,
        )


class FaultView(Model):
    """A condition of a device that lasted."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    number: int
    """Short number for people to say on the phone."""
    rule: RuleRef
    title: LabelView
    device: DeviceRef
    severity: Severity
    state: Literal["active", "cleared"]
    acknowledged: ByView | None
    since: Moment
    """Time of the first reading that showed it, by the device."""
    raised_at: Moment
    """When it had lasted long enough to be a fault, by the device's time."""
    cleared_at: Moment | None
    detected_at: Moment
    """When the service noticed, by the service's clock."""
    work: WorkView
    management: HoldView | None
    """Null before management has seen the fault, in live changes, and in answers to many deeds at once."""
    version: int
    """Grows with each change; the ETag of the fault, for If-Match."""

    @classmethod
    def of(
        cls, record: FaultRecord, registry: Registry, *, management: HoldView | None = None
    ) -> "FaultView":
        """The fault as it stands."""
        return cls(
            id=record.id,
            number=record.number,
            rule=RuleRef(id=record.rule, version=record.rule_version),
            title=LabelView.of(record.title),
            device=DeviceRef.of(record.device, record.kind, record.area, registry),
            severity=record.severity,
            state=record.state.value,
            acknowledged=ByView.of(record.acknowledged_by, record.acknowledged_at_ms),
            since=moment(record.since_ms),
            raised_at=moment(record.raised_at_ms),
            cleared_at=moment_or_none(record.cleared_at_ms),
            detected_at=moment(record.detected_at_ms),
            work=WorkView.of(record.work),
            management=management,
            version=record.version,
        )


class HiddenView(Model):
    """A fault that a maintenance window hid."""

    fault: FaultView
    hidden_at: Moment
    released_at: Moment | None
    """When the window was over, or the fault cleared in it."""
    was_active: bool | None
    """Whether it was still wrong when it was released; null while it is hidden."""

    @classmethod
    def of(cls, hidden: Hidden, registry: Registry) -> "HiddenView":
        """The entry as the window's log has it."""
        return cls(
            fault=FaultView.of(hidden.fault, registry),
            hidden_at=moment(hidden.hidden_at_ms),
            released_at=moment_or_none(hidden.released_at_ms),
            was_active=hidden.was_active,
        )


class HistoryView(Model):
    """One step of a fault's life."""

    at: Moment
    who: str
    """`detection`, `management`, or the name of the key it was done with."""
    transition: str
    title: LabelView
    """The step in words."""
    comment: str | None
    why: dict[str, Any]

    @classmethod
    def of(cls, entry: HistoryEntry) -> "HistoryView":
        """The step as it was written."""
        return cls(
            at=moment(entry.at_ms),
            who=entry.who,
            transition=entry.transition.value,
            title=LabelView.of(TRANSITION_WORDS[entry.transition]),
            comment=entry.comment,
            why=dict(entry.why),
        )


class WhyView(Model):
    """What explains that a fault was raised."""

    fault: str
    title: LabelView
    rule: RuleRef
    why: dict[str, Any]
    """The rule's expression, the same with values, and the readings that made it true."""
    causes: list[CauseView]
    """The faults further up that explain it, the next one first; of the last one people are told."""
