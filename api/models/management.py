"""What management does with a fault, as the API shows it."""

from typing import Literal

from api.models.common import LabelView, Model
from api.times import Moment, moment_or_none
from rules.management.standing import Standing

__all__ = ["CauseView", "HoldView"]


class HoldView(Model):
    """Whether a fault is held back, and the incident that it belongs to."""

    hold: Literal["waiting", "suppressed", "free"]
    """`suppressed`: a fault further up explains it, and nobody is told of this one. `waiting`: one may still
    show. `free`: it is its own cause."""
    until: Moment | None
    """When waiting ends."""
    suppressed_by: str | None
    """The fault that explains it."""
    reason: LabelView | None
    incident: str | None

    @classmethod
    def of(cls, standing: Standing | None) -> "HoldView | None":
        """Where management has put a fault; None where it has not seen it yet."""
        if standing is None:
            return None
        return cls(
            hold=standing.hold.value,
            until=moment_or_none(standing.until_ms),
            suppressed_by=standing.suppressed_by,
            reason=LabelView.of(standing.reason) if standing.reason is not None else None,
            incident=standing.incident,
        )


class CauseView(Model):
    """A fault further up that explains another."""

    fault: str
    title: LabelView
    device: str
    """Id of the device that has it."""
    reason: LabelView
    """Why it holds the one before it back."""
