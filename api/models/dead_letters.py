"""Dead letters as the API shows them."""

from typing import Annotated, Literal

from pydantic import Field

from api.models.common import Model
from api.parameters import DEVICE_PATTERN
from api.times import Moment, QueryMoment, moment
from devices.errors import Rejection
from store.operations.dead_letters import DeadLetter, DeadLetterFilter, ReplayState

__all__ = ["DeadLetterCounts", "DeadLetterView", "ReplayAnswer", "ReplayRequest"]


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
    replayable: bool
    """Whether all of it was kept, and nobody asked for a replay yet."""
    replay: ReplayState | None
    """Where its replay stands; null where nobody asked for one."""
    refused_as: int | None
    """Row of the dead letter that a refused replay became."""

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
            replayable=letter.is_whole and letter.replay is None,
            replay=letter.replay,
            refused_as=letter.refused_as,
        )


class DeadLetterCounts(Model):
    """How many dead letters are kept."""

    total: int
    by_reason: dict[str, int]


class ReplayRequest(Model):
    """Which dead letters to replay: those that all of the given members let through, the oldest first."""

    reason: Rejection | None = None
    """The rule that was broken."""
    device: Annotated[str, Field(pattern=DEVICE_PATTERN)] | None = None
    """Id of a device: a level of the topic."""
    topic: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """A part of the topic."""
    from_: Annotated[QueryMoment | None, Field(alias="from")] = None
    """Received at or after."""
    to: QueryMoment | None = None
    """Received before."""
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    """How many at most; ask again for the rest."""

    def filter(self) -> DeadLetterFilter:
        """The letters that are meant."""
        return DeadLetterFilter(
            reason=self.reason, device=self.device, topic=self.topic, from_ms=self.from_, to_ms=self.to
        )


class ReplayAnswer(Model):
    """What was asked for. The collector replays them within seconds; each letter then says its outcome."""

    requested: int
    remaining: int
    """How many more the filter lets through that can be replayed."""
