"""A suspected traffic violation: what a camera reported and a rule picked out, never more."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devices.description import Label

__all__ = ["ViolationSuspected", "violation_id"]

_VIOLATIONS = uuid.UUID("5d1c9f0a-7c52-5e0b-9d5e-64cb8f5b7a22")


def violation_id(rule: str, device: str, event: str, vehicle: int) -> str:
    """UUIDv5 of rule, camera, event and the vehicle's index in it: a redelivery is the same violation."""
    return str(uuid.uuid5(_VIOLATIONS, f"{rule}|{device}|{event}|{vehicle}"))


@dataclass(frozen=True, kw_only=True)
class ViolationSuspected:
    """A vehicle of a passage for which a violation rule was true.

    `measured` holds the numbers the rule compared (speeds in km/h); `images` the evidence references
    (`role`, `url`, `sha256`); `plate` is the whole text and personal data: mask it unless the reader may
    see it.
    """

    id: str
    rule: str
    rule_version: int
    type: str
    title: Label
    device: str
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
