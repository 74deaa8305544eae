"""What officers ask to be done to violations, and the history that it makes."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from api.models.common import LabelView, Model
from api.times import Moment, moment
from rules.lifecycle.words import TRANSITION_WORDS
from rules.review.case import RejectionReason, Verdict
from rules.review.deeds import CorrectPlate, Decide, Escalate, Remark, ReviewDeed
from store.operations.reviews import ViolationEntry

__all__ = ["CorrectRequest", "DecideRequest", "EscalateRequest", "RemarkRequest", "ViolationEntryView"]

Words = Annotated[str, Field(min_length=1, max_length=2000)]
"""What the officer says; kept with the violation, and erased with it."""
PlateText = Annotated[
    str, Field(min_length=4, max_length=16, pattern=r"^[0-9A-Za-zĐđ]+([-. ][0-9A-Za-zĐđ]+)*$")
]


class DecideRequest(Model):
    """Confirming, or rejecting for a reason. With two officers the first decision is an opinion."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"verdict": "confirm", "comment": "Biển số và vạch dừng thấy rõ"},
                {"verdict": "reject", "reason": "priority_vehicle"},
            ]
        }
    )

    verdict: Verdict
    reason: RejectionReason | None = None
    comment: Words | None = None

    def deed(self) -> ReviewDeed:
        """What is to be done."""
        return Decide(verdict=self.verdict, reason=self.reason, comment=self.comment)


class EscalateRequest(Model):
    """Leaving the decision to another officer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "Biển số bị che một phần"}]})

    comment: Words

    def deed(self) -> ReviewDeed:
        """What is to be done."""
        return Escalate(comment=self.comment)


class CorrectRequest(Model):
    """Putting down the plate that the pictures show; the camera's reading stays beside it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"plate": "92A-123.46", "comment": "Số cuối là 6"}]}
    )

    plate: PlateText
    comment: Words | None = None

    def deed(self) -> ReviewDeed:
        """What is to be done."""
        return CorrectPlate(plate=self.plate, comment=self.comment)


class RemarkRequest(Model):
    """Saying something about the violation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"comment": "Chờ ảnh từ camera thứ hai"}]})

    comment: Words

    def deed(self) -> ReviewDeed:
        """What is to be done."""
        return Remark(comment=self.comment)


class ViolationEntryView(Model):
    """One step in the life of a violation."""

    at: Moment
    who: str
    """`detection`, `management`, or the name of the key it was done with."""
    transition: str
    title: LabelView
    """The step in words."""
    comment: str | None
    why: dict[str, Any]

    @classmethod
    def of(cls, entry: ViolationEntry) -> "ViolationEntryView":
        """The step as it was written."""
        return cls(
            at=moment(entry.at_ms),
            who=entry.who,
            transition=entry.transition.value,
            title=LabelView.of(TRANSITION_WORDS[entry.transition]),
            comment=entry.comment,
            why=dict(entry.why),
        )
