"""Recognising what was received before: a redelivery must change nothing."""

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from devices.batch import EARLIEST_MS, READING_COLUMNS, ReadingBatch
from devices.stream import Entry, EventBatch

__all__ = ["Keys", "RecentRecords", "event_keys", "reading_keys"]


@dataclass(frozen=True, slots=True)
class Keys:
    """What makes each of some records the same one again.

    Nothing else can have the key of a record, except at the places in `uncertain`: there equal records are
    normal, and one is a repetition only if the broker says that it sends it again.
    """

    values: Sequence[Hashable]
    uncertain: frozenset[int] = frozenset()


def reading_keys(frame: pl.DataFrame) -> Keys:
    """The keys of readings, from columns that are the same before and after the journal.

    With time and sequence: device, raw time and sequence. With a time alone: device and the whole content,
    because two readings of one time may carry different fields. Without a time that is worth something the
    same, uncertain: sequences begin anew after every power cut.
    """
    times, numbers = frame["device_time"], frame["seq"]
    keys: list[Hashable] = list(
        zip(frame["device"].to_list(), times.to_list(), numbers.to_list(), strict=True)
    )
    earliest = times.min()
    is_plain = isinstance(earliest, int) and earliest >= EARLIEST_MS
    if is_plain and not (times.null_count() or numbers.null_count()):
        return Keys(keys)
    timed = (times >= EARLIEST_MS).fill_null(value=False)
    by_content = (~(timed & numbers.is_not_null())).arg_true()
    content = [name for name in frame.columns if name not in READING_COLUMNS]
    places = by_content.to_list()
    rows = frame.select("device", "device_time", "seq", *content)[by_content].iter_rows()
    for place, row in zip(places, rows, strict=True):
        keys[place] = row
    is_timed = timed[by_content].to_list()
    return Keys(keys, frozenset(place for place, good in zip(places, is_timed, strict=True) if not good))


def event_keys(devices: Iterable[str], ids: Iterable[str | None]) -> Keys:
    """The keys of events: device and id."""
    return Keys([("event", device, event) for device, event in zip(devices, ids, strict=True)])


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

    def repeated(self, keys: Keys, sent_again: Collection[int] = ()) -> list[int]:
        """The places of the records that were there before; remembers all of them.

        `sent_again`: the places of those that the broker says it sends again.
        """
        fresh = set(keys.values)
        if len(fresh) == len(keys.values) and fresh.isdisjoint(self._young) and fresh.isdisjoint(self._old):
            self._young |= fresh
            return []
        return [
            place
            for place, key in enumerate(keys.values)
            if self._is_known(key) and (place not in keys.uncertain or place in sent_again)
        ]

    def _is_known(self, key: Hashable) -> bool:
        if key in self._young:
            return True
        # What is sent again may be sent once more: its time begins anew.
        self._young.add(key)
        return key in self._old

    def pass_messages(self, count: int) -> None:
        """Take note that so many messages are through; forgets what lies two windows back."""
        self._messages += count
        if self._messages >= self._window:
            self._old, self._young, self._messages = self._young, set(), 0

    def rebuild(self, entries: Iterable[Entry]) -> None:
        """Take in what the journal holds, for a start."""
        for entry in entries:
            if isinstance(entry.content, ReadingBatch):
                self._young.update(reading_keys(entry.content.frame).values)
            elif isinstance(entry.content, EventBatch):
                frame = entry.content.frame
                self._young.update(event_keys(frame["device"], frame["id"]).values)
