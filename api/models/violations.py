"""Violations, and what officers found, as the API shows them."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict
from pydantic.config import JsonDict

from api.models.common import DeviceRef, LabelView, Model, RuleRef
from api.models.faults import ByView
from api.times import Moment, moment
from devices.registry import Registry
from rules.review.case import RejectionReason, Verdict, ViolationState
from store.operations.records import ViolationRecord
from store.operations.review_rows import Reviewed

__all__ = ["ImageView", "OpinionView", "ReviewView", "VehicleView", "ViolationView"]

_EXAMPLE: JsonDict = {
    "id": "8c6a5a0e-4f0d-5b9e-8d77-0f7b3d4f1a2b",
    "number": 5,
    "state": "suspected",
    "type": "speeding",
    "rule": {"id": "cam.speeding", "version": 1},
    "title": {"vi": "Nghi vấn vượt quá tốc độ", "en": "Suspected speeding"},
    "device": {"id": "cam-007", "kind": "traffic-camera", "area": "tam-ky", "name": "Phan Chu Trinh 7"},
    "event": "cam-007-000123",
    "occurred_at": "2026-11-22T11:20:05.120Z",
    "detected_at": "2026-11-22T11:20:06.002Z",
    "lane": 1,
    "vehicle": {
        "vehicle_class": "car",
        "plate": "92A-***.45",
        "plate_read": "92A-***.45",
        "plate_masked": True,
        "plate_confidence": 0.97,
    },
    "measured": {"speed_kmh": 71.0, "mpe_kmh": 3.0, "limit_kmh": 50.0},
    "images": [{"role": "overview", "url": "https://images.example/1.jpg", "sha256": None}],
    "why": {},
    "review": {
        "certainty": 0.81,
        "inputs": {"plate": 0.97, "excess": 0.95, "pictures": 0.88},
        "first_opinion": None,
        "corrected": None,
        "escalated": None,
        "decided": None,
        "reason": None,
    },
    "version": 1,
}


class VehicleView(Model):
    """The vehicle as the camera saw it; absent is unknown."""

    vehicle_class: str | None
    plate: str | None
    """As an officer corrected it, else as it was read. Masked unless the key may read plates and a reason is
    given; every reading of a whole plate is audited."""
    plate_read: str | None
    """What the camera read; it never changes."""
    plate_masked: bool
    plate_confidence: float | None
    """0 to 1."""


class ImageView(Model):
    """A reference to a picture that shows it."""

    role: str
    url: str
    sha256: str | None = None


class OpinionView(Model):
    """What the first of two officers found."""

    by: str
    at: Moment
    verdict: Verdict
    reason: RejectionReason | None


class ReviewView(Model):
    """What officers did about a violation."""

    certainty: float
    """0 to 1: the order of the queue, and no finding. The product of `inputs`."""
    inputs: dict[str, float]
    first_opinion: OpinionView | None
    corrected: ByView | None
    escalated: ByView | None
    decided: ByView | None
    reason: RejectionReason | None
    """Why it was rejected."""

    @classmethod
    def of(cls, reviewed: Reviewed) -> "ReviewView":
        """The review as it stands."""
        case, opinion = reviewed.case, reviewed.case.opinion
        first = None
        if opinion is not None:
            first = OpinionView(
                by=opinion.by, at=moment(opinion.at_ms), verdict=opinion.verdict, reason=opinion.reason
            )
        return cls(
            certainty=reviewed.certainty.per_mille / 1000,
            inputs=dict(reviewed.certainty.inputs),
            first_opinion=first,
            corrected=ByView.of(case.corrected_by, case.corrected_at_ms),
            escalated=ByView.of(case.escalated_by, case.escalated_at_ms),
            decided=ByView.of(case.decided_by, case.decided_at_ms),
            reason=case.reason,
        )


class ViolationView(Model):
    """A suspicion that a camera's record gave rise to. Whether it is a violation, an officer decides."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: str
    number: int
    """Short number for people to say on the phone."""
    state: ViolationState
    type: str
    rule: RuleRef
    title: LabelView
    device: DeviceRef
    event: str
    """Id of the passage it was found in."""
    occurred_at: Moment
    detected_at: Moment
    lane: int | None
    vehicle: VehicleView
    measured: dict[str, Any]
    """The numbers that the rule compared; speeds in km/h."""
    images: list[ImageView]
    why: dict[str, Any]
    review: ReviewView | None
    """Null on live streams."""
    version: int

    @classmethod
    def of(
        cls,
        record: ViolationRecord,
        registry: Registry,
        *,
        plate_masked: bool,
        reviewed: Reviewed | None = None,
    ) -> "ViolationView":
        """The violation with its plates as they stand there; mask them first for most readers."""
        vehicle = VehicleView(
            vehicle_class=record.vehicle_class,
            plate=record.plate if reviewed is None else reviewed.case.present_plate,
            plate_read=record.plate,
            plate_masked=plate_masked,
            plate_confidence=record.plate_confidence,
        )
        return cls(
            id=record.id,
            number=record.number,
            state=record.state,
            type=record.type,
            rule=RuleRef(id=record.rule, version=record.rule_version),
            title=LabelView.of(record.title),
            device=DeviceRef.of(record.device, record.kind, record.area, registry),
            event=record.event,
            occurred_at=moment(record.occurred_at_ms),
            detected_at=moment(record.detected_at_ms),
            lane=record.lane,
            vehicle=vehicle,
            measured=dict(record.measured),
            images=[_image(image) for image in record.images],
            why=dict(record.why),
            review=None if reviewed is None else ReviewView.of(reviewed),
            version=record.version,
        )


def _image(image: Mapping[str, Any]) -> ImageView:
    return ImageView(role=image["role"], url=image["url"], sha256=image.get("sha256"))
