"""How much came, since the start: records by kind, and messages by the size of the batch they came in."""

from collections import Counter
from collections.abc import Iterable

from devices.batch import ReadingBatch
from devices.stream import Content, EventBatch

__all__ = ["BATCH_BOUNDS", "Volume"]

BATCH_BOUNDS = (1, 10, 100, 500, 1_000, 2_000, 5_000, 10_000)
"""Batches are counted by the smallest of these that is not less than their messages."""


class Volume:
    """Counts what the intake journaled. Written by one thread, read by any."""

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()
        """Readings and events by kind of device."""
        self.batches: Counter[int] = Counter()
        """Batches by their bound."""
        self.messages = 0

    def note(self, messages: int, contents: Iterable[Content]) -> None:
        """Take note of a batch that is on disk; what came in no message is our own word and not counted."""
        if not messages:
            return
        self.messages += messages
        self.batches[next((most for most in BATCH_BOUNDS if messages <= most), BATCH_BOUNDS[-1])] += 1
        for content in contents:
            if isinstance(content, ReadingBatch):
                self.records[content.kind] += content.frame.height
            elif isinstance(content, EventBatch):
                self.records.update(dict(content.frame["kind"].value_counts().iter_rows()))
