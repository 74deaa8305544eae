"""Recognising what was received before: a redelivery must change nothing."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from devices.batch import READING_COLUMNS, ReadingBatch, plausible_ms, to_ms
from devices.payloads import reading_type
from devices.stream import Entry, EventBatch

__all__ = ["Key", "RecentRecords", "event_key", "reading_key"]


@dataclass(frozen=True, slots=True)
class Key:
    """What makes a record the same one again.

    `is_certain`: nothing else can have this key. Otherwise equal records are normal, and one is a repetition
    only if the broker says that it sends it again.
    """

    value: Hashable
    is_certain: bool


def reading_key(device: str, payload: Any) -> Key:
    """The key of a reading.

    With time and sequence: device, raw time and sequence. With a time alone: device and the whole content,
    because two readings of one time may carry different fields. Without a time that is worth something the
    same, uncertain: sequences begin anew after every power cut.
    """
    time_ms = plausible_ms(payload.ts)
    if time_ms is not None and payload.seq is not None:
        return Key((device, time_ms, payload.seq), is_certain=True)
    fields = payload.__struct_fields__
    content = tuple(getattr(payload, name) for name in fields if name not in {"ts", "device"})
    return Key((device, to_ms(payload.ts), *content), is_certain=time_ms is not None)


def event_key(device: str, event: str | None) -> Key:
    """The key of an event: its device and its id."""
    return Key(("event", device, event), is_certain=True)


class RecentRecords:
    """Remembers the keys of at least the last `window` messages and at most twice as many.

    Two generations of sets: cheap to ask, and forgetting costs nothing. Messages are what the broker can send
    again; each may hold many records.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._messages = 0
        self._young: set[Hashable] = set()
        self._old: set[Hashable] = set()

    def is_repeated(self, key: Key, *, sent_again: bool) -> bool:
        """Whether the record was there before, `sent_again` being what the broker says; remembers it."""
        is_known = key.value in self._young or key.value in self._old
        if is_known and (key.is_certain or sent_again):
            return True
        self._young.add(key.value)
        return False

    def pass_messages(self, count: int) -> None:
        """Take note that so many messages are through; forgets what lies two windows back."""
        self._messages += count
        if self._messages >= self._window:
            self._old, self._young, self._messages = self._young, set(), 0

    def rebuild(self, entries: Iterable[Entry]) -> None:
        """Take in what the journal holds, for a start."""
        for entry in entries:
            if isinstance(entry.content, ReadingBatch):
                self._young.update(key.value for key in _journaled_keys(entry.content))
            elif isinstance(entry.content, EventBatch):
                keys = entry.content.frame.select("device", "id").iter_rows()
                self._young.update(event_key(device, event).value for device, event in keys)


def _journaled_keys(batch: ReadingBatch) -> Iterable[Key]:
    """The keys of journaled readings, as they were when the readings came."""
    make = reading_type(batch.kind)
    fields = [name for name in batch.frame.columns if name not in READING_COLUMNS]
    for row in batch.frame.select("device", "device_time", "seq", *fields).iter_rows():
        yield reading_key(row[0], make(ts=row[1], seq=row[2], **dict(zip(fields, row[3:], strict=True))))
