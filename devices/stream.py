"""What travels through the journal: numbered entries, each a batch or a mark."""

from dataclasses import dataclass

import polars as pl

from devices.batch import ReadingBatch

__all__ = ["Content", "DeadLetterBatch", "Entry", "EventBatch", "Mark", "Position", "StatusBatch"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a journal. Numbers grow, and one is never used again within a journal."""

    journal: str
    number: int


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events of any kind as columns of `EVENT_SCHEMA`."""

    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class StatusBatch:
    """Statuses as columns of `STATUS_SCHEMA`."""

    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class DeadLetterBatch:
    """Rejected input as columns of `DEAD_LETTER_SCHEMA`."""

    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Mark:
    """The idle clock: everything that reached us up to this moment stands before it in the journal.

    `caught_up` is false while the broker still hands over what it queued during our absence; the idle
    clock stands still then, or every device would seem silent.
    """

    received_up_to_ms: int
    caught_up: bool


Content = ReadingBatch | EventBatch | StatusBatch | DeadLetterBatch | Mark


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered entry of a journal."""

    number: int
    content: Content
