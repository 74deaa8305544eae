"""Dead letters as the API shows them."""

from typing import Literal

from api.models.common import Model
from api.times import Moment, moment
from store.operations.dead_letters import DeadLetter

__all__ = ["DeadLetterCounts", "DeadLetterView"]


class DeadLetterView(Model):
    """Input that broke a rule."""

    row: int
    reason: str
    """The rule, as a stable word."""
    detail: str
    topic: str
    payload: str
    """What came, or its beginning."""
    encoding: Literal["utf-8", "hex"]
    """How `payload` is written: hex where it is no text."""
    payload_bytes: int
    """How long it was."""
    received_at: Moment

    @classmethod
    def of(cls, letter: DeadLetter) -> "DeadLetterView":
        """The dead letter as it was kept."""
        try:
            payload, is_text = letter.payload.decode(), True
        except UnicodeDecodeError:
            payload, is_text = letter.payload.hex(), False
        return cls(
            row=letter.row,
            reason=letter.reason,
            detail=letter.detail,
            topic=letter.topic,
            payload=payload,
            encoding="utf-8" if is_text else "hex",
            payload_bytes=letter.payload_bytes,
            received_at=moment(letter.received_at_ms),
        )


class DeadLetterCounts(Model):
    """How many dead letters are kept."""

    total: int
    by_reason: dict[str, int]
