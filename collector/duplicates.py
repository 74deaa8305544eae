"""Recognising what was received before: a redelivery must change nothing."""

from collections.abc import Hashable, Iterable

import polars as pl

from devices.batch import READING_COLUMNS, ReadingBatch, to_ms
from devices.messages import Event, RawMessage, Reading
from devices.payloads import reading_type
from devices.stream import Entry, EventBatch

__all__ = ["RecentRecords", "event_key", "reading_key"]


def reading_key(reading: Reading, message: RawMessage) -> Hashable | None:
    """What makes a reading the same one again; None where nothing can tell.

    With a sequence: device, raw time and sequence. Without one: device and the whole content, because two
    readings of one time may carry different fields. Without time and sequence equal content is normal, so
    that it counts only when the broker says it sends the message again.
    """
    return _key(reading.device.id, reading.payload, may_repeat=message.duplicate)


def event_key(event: Event) -> Hashable:
    """What makes an event the same one again: its device and its id."""
    return ("event", event.device.id, event.payload.id)


def _key(device: str, payload: object, *, may_repeat: bool) -> Hashable | None:
    time, sequence = payload.ts, payload.seq  # type: ignore[attr-defined]
    if sequence is not None:
        return (device, to_ms(time), sequence)
    if time is not None or may_repeat:
        return (device, _content(payload))
    return None


def _content(payload: object) -> Hashable:
    fields = payload.__struct_fields__  # type: ignore[attr-defined]
    plain = tuple(getattr(payload, name) for name in fields if name not in {"ts", "device"})
    return (to_ms(payload.ts), *plain)  # type: ignore[attr-defined]


class RecentRecords:
    """Remembers the keys of at least the last `window` records and at most twice as many.

    Two generations of sets: cheap to ask, and forgetting costs nothing.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._young: set[Hashable] = set()
        self._old: set[Hashable] = set()

    def is_repeated(self, key: Hashable) -> bool:
        """Whether the key was seen within the window; remembers it either way."""
        if key in self._young or key in self._old:
            return True
        self.remember(key)
        return False

    def remember(self, key: Hashable) -> None:
        """Take a key into the window."""
        if len(self._young) >= self._window:
            self._old, self._young = self._young, set()
        self._young.add(key)

    def rebuild(self, entries: Iterable[Entry]) -> None:
        """Take in what the journal holds, oldest first; for a start."""
        for entry in entries:
            content = entry.content
            if isinstance(content, ReadingBatch):
                for key in _journaled_keys(content):
                    self.remember(key)
            elif isinstance(content, EventBatch):
                for key in content.frame.select("device", "id").iter_rows():
                    self.remember(("event", *key))


def _journaled_keys(batch: ReadingBatch) -> Iterable[Hashable]:
    """The keys of journaled readings, as `reading_key` made them."""
    make = reading_type(batch.kind)
    fields = [name for name in batch.frame.columns if name not in READING_COLUMNS]
    sequenced = pl.col("seq").is_not_null()
    yield from batch.frame.filter(sequenced).select("device", "device_time", "seq").iter_rows()
    for row in batch.frame.filter(~sequenced).select("device", "device_time", *fields).iter_rows():
        payload = make(ts=row[1], **dict(zip(fields, row[2:], strict=True)))
        yield _key(row[0], payload, may_repeat=True)
