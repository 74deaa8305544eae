"""Faults as the API shows them."""

from typing import Any, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from api.models.common import DeviceRef, LabelView, Model, RuleRef
from api.times import Moment, moment, moment_or_none
from devices.registry import Registry
from rules.faults import Severity
from store.operations.faults import HistoryEntry
from store.operations.records import FaultRecord

__all__ = ["AcknowledgeRequest", "AcknowledgementView", "FaultView", "HistoryView", "WhyView"]

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
    "version": 2,
}


class AcknowledgementView(Model):
    """Who took note of a fault, and when."""

    by: str
    at: Moment


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
    acknowledged: AcknowledgementView | None
    since: Moment
    """Time of the first reading that showed it, by the device."""
    raised_at: Moment
    """When it had lasted long enough to be a fault, by the device's time."""
    cleared_at: Moment | None
    detected_at: Moment
    """When the service noticed, by the service's clock."""
    version: int
    """Grows with each change; the ETag of the fault, for If-Match."""

    @classmethod
    def of(cls, record: FaultRecord, registry: Registry) -> "FaultView":
        """The fault as it stands."""
        acknowledged = None
        if record.acknowledged_by is not None:
            at = moment(record.acknowledged_at_ms or 0)
            acknowledged = AcknowledgementView(by=record.acknowledged_by, at=at)
        return cls(
            id=record.id,
            number=record.number,
            rule=RuleRef(id=record.rule, version=record.rule_version),
            title=LabelView.of(record.title),
            device=DeviceRef.of(record.device, record.kind, record.area, registry),
            severity=record.severity,
            state=record.state.value,
            acknowledged=acknowledged,
            since=moment(record.since_ms),
            raised_at=moment(record.raised_at_ms),
            cleared_at=moment_or_none(record.cleared_at_ms),
            detected_at=moment(record.detected_at_ms),
            version=record.version,
        )


class HistoryView(Model):
    """One step of a fault's life."""

    at: Moment
    who: str
    """`detection`, or the name of the key it was done with."""
    transition: str
    comment: str | None
    why: dict[str, Any]

    @classmethod
    def of(cls, entry: HistoryEntry) -> "HistoryView":
        """The step as it was written."""
        return cls(
            at=moment(entry.at_ms),
            who=entry.who,
            transition=entry.transition.value,
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


class AcknowledgeRequest(Model):
    """Taking note of a fault."""

    comment: str | None = Field(default=None, max_length=2000, examples=["Crew is on its way"])
