"""Incidents as the API shows them."""

from typing import Any, Literal

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.models.common import DeviceRef, LabelView, Model
from api.times import Moment, moment, moment_or_none
from devices.registry import Registry
from rules.faults import Severity
from store.operations.incident_records import IncidentRecord
from store.operations.incidents import IncidentEvent

__all__ = ["IncidentEventView", "IncidentView"]

_EXAMPLE: JsonDict = {
    "id": "0d0c0cf1-5d5f-5b53-9f0d-64f7e2a1a9c4",
    "number": 5,
    "title": {"vi": "Tủ mất nguồn cả ba pha", "en": "Cabinet without supply"},
    "why": {
        "vi": "Tủ mất nguồn cả ba pha: TK-C-01; 200 sự cố kéo theo, 201 thiết bị",
        "en": "Cabinet without supply: TK-C-01; 200 more faults follow from it, 201 devices",
    },
    "rule": "cabinet.supply_lost",
    "cause": "c1f4a0c2-6d0e-5d7b-9d1c-2f6f6a0b1c9e",
    "device": {"id": "TK-C-01", "kind": "lighting-cabinet", "area": "tam-ky", "name": "Tủ 1"},
    "severity": "critical",
    "state": "open",
    "since": "2026-11-22T11:02:00.000Z",
    "opened_at": "2026-11-22T11:07:00.000Z",
    "cleared_at": None,
    "merged_into": None,
    "faults": 201,
    "devices": 201,
    "streets": ["Phan Bội Châu"],
    "people": None,
    "version": 9,
}


class IncidentView(Model):
    """Faults with one cause, which people are told of once."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    number: int
    """Short number for people to say on the phone."""
    title: LabelView
    why: LabelView
    """What is wrong and what follows from it, in a sentence."""
    rule: str
    cause: str
    """The fault at the head of the others."""
    device: DeviceRef
    severity: Severity
    """The worst of its faults."""
    state: Literal["open", "cleared", "merged"]
    """`merged`: a cause further up was found later; `merged_into` names its incident."""
    since: Moment
    """When the cause began, by the device."""
    opened_at: Moment
    """When people could be told, by the service's clock."""
    cleared_at: Moment | None
    merged_into: str | None
    faults: int
    """How many faults ever belonged to it, the cause among them."""
    devices: int
    """How many devices had faults at one time, at most."""
    streets: tuple[str, ...]
    people: int | None
    """How many people its devices serve; null where the registry does not know."""
    version: int
    """Grows with each change."""

    @classmethod
    def of(cls, record: IncidentRecord, registry: Registry) -> "IncidentView":
        """The incident as it stands."""
        return cls(
            id=record.id,
            number=record.number,
            title=LabelView.of(record.title),
            why=LabelView.of(record.why),
            rule=record.rule,
            cause=record.cause,
            device=DeviceRef.of(record.device, record.kind, record.area, registry),
            severity=record.severity,
            state=record.state.value,
            since=moment(record.since_ms),
            opened_at=moment(record.opened_at_ms),
            cleared_at=moment_or_none(record.cleared_at_ms),
            merged_into=record.merged_into,
            faults=record.faults,
            devices=record.devices,
            streets=record.streets,
            people=record.people,
            version=record.version,
        )


class IncidentEventView(Model):
    """One step of an incident's life."""

    revision: int
    at: Moment
    change: Literal["opened", "grown", "severity_changed", "unsuppressed", "merged", "reopened", "cleared"]
    severity: Severity
    faults: int
    devices: int
    detail: dict[str, Any]

    @classmethod
    def of(cls, event: IncidentEvent) -> "IncidentEventView":
        """The step as it was written."""
        return cls(
            revision=event.revision,
            at=moment(event.at_ms),
            change=event.change.value,
            severity=event.incident.severity,
            faults=event.incident.faults,
            devices=event.incident.devices,
            detail=dict(event.detail),
        )
