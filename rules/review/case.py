"""A suspected violation as its reviewers see it.

                 ┌─────────── two officers disagree, or one hands it on ──────────┐
                 │                                                                ▼
suspected ──an officer (or two) decides──▶ confirmed | rejected ◀──another decides── escalated
    └────── nobody decided in time ─────▶ expired

Only people confirm and reject. Time alone can only let a suspicion expire.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from devices.description import Label

__all__ = [
    "REASON_WORDS", "STATE_WORDS", "Case", "Opinion", "RejectionReason", "Verdict", "ViolationState",
    "same_person",
]  # fmt: skip


class ViolationState(StrEnum):
    """Where a violation stands; it stays a suspicion until an officer decides."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    ESCALATED = "escalated"
    EXPIRED = "expired"

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision."""
        return self in (ViolationState.SUSPECTED, ViolationState.ESCALATED)


class Verdict(StrEnum):
    """What an officer can find."""

    CONFIRM = "confirm"
    REJECT = "reject"

    @property
    def state(self) -> ViolationState:
        """Where it brings a violation."""
        return ViolationState.CONFIRMED if self is Verdict.CONFIRM else ViolationState.REJECTED


class RejectionReason(StrEnum):
    """Why an officer rejects a suspicion; `other` wants words."""

    PLATE_UNREADABLE = "plate_unreadable"
    PLATE_MISREAD = "plate_misread"
    PICTURE_UNCLEAR = "picture_unclear"
    OTHER_VEHICLE = "other_vehicle"
    PRIORITY_VEHICLE = "priority_vehicle"
    DIRECTED_BY_POLICE = "directed_by_police"
    EQUIPMENT_FAULT = "equipment_fault"
    DUPLICATE = "duplicate"
    NO_VIOLATION = "no_violation"
    OTHER = "other"


STATE_WORDS: Mapping[ViolationState, Label] = MappingProxyType(
    {
        ViolationState.SUSPECTED: Label(vi="Nghi vấn vi phạm", en="Suspected violation"),
        ViolationState.CONFIRMED: Label(vi="Cán bộ đã xác nhận", en="Confirmed by an officer"),
        ViolationState.REJECTED: Label(vi="Cán bộ đã bác bỏ", en="Rejected by an officer"),
        ViolationState.ESCALATED: Label(
            vi="Đã chuyển cán bộ khác quyết định", en="Handed to another officer"
        ),
        ViolationState.EXPIRED: Label(vi="Hết thời hạn xem xét", en="Not decided in time"),
    }
)

REASON_WORDS: Mapping[RejectionReason, Label] = MappingProxyType(
    {
        RejectionReason.PLATE_UNREADABLE: Label(vi="Không đọc được biển số", en="Plate cannot be read"),
        RejectionReason.PLATE_MISREAD: Label(vi="Máy đọc sai biển số", en="Plate was misread"),
        RejectionReason.PICTURE_UNCLEAR: Label(vi="Hình ảnh không rõ", en="Picture is not clear"),
        RejectionReason.OTHER_VEHICLE: Label(vi="Không phải phương tiện này", en="It was another vehicle"),
        RejectionReason.PRIORITY_VEHICLE: Label(vi="Xe ưu tiên", en="Vehicle with priority"),
        RejectionReason.DIRECTED_BY_POLICE: Label(
            vi="Đi theo hiệu lệnh người điều khiển giao thông", en="Directed by traffic police"
        ),
        RejectionReason.EQUIPMENT_FAULT: Label(vi="Thiết bị lỗi", en="Equipment was faulty"),
        RejectionReason.DUPLICATE: Label(vi="Trùng với bản ghi khác", en="Same as another record"),
        RejectionReason.NO_VIOLATION: Label(vi="Không có vi phạm", en="No violation is shown"),
        RejectionReason.OTHER: Label(vi="Lý do khác", en="Other reason"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What the first of two officers found."""

    by: str
    verdict: Verdict
    at_ms: int
    reason: RejectionReason | None = None


@dataclass(frozen=True, kw_only=True)
class Case:
    """What review knows of a violation, and did to it; times are epoch milliseconds.

    `plate` is what the camera read and never changes; `corrected_plate` what an officer read in the pictures.
    `opinion` stands while a second officer is awaited.
    """

    state: ViolationState
    occurred_at_ms: int
    plate: str | None = None
    corrected_plate: str | None = None
    corrected_by: str | None = None
    corrected_at_ms: int | None = None
    opinion: Opinion | None = None
    escalated_by: str | None = None
    escalated_at_ms: int | None = None
    decided_by: str | None = None
    decided_at_ms: int | None = None
    reason: RejectionReason | None = None

    @property
    def present_plate(self) -> str | None:
        """The corrected plate where there is one, else what the camera read."""
        return self.corrected_plate or self.plate


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: letters' case and white space around make no second officer."""
    return one.strip().casefold() == other.strip().casefold()
