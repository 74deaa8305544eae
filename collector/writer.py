"""The writer: journal to telemetry store, in order, as often as needed until it is there."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

import polars as pl
import structlog

from collector.errors import JournalFullError
from collector.fates import Fate, Tally
from collector.journal import Consumer, Journal
from collector.tail import JournalTail
from devices.batch import ReadingBatch
from devices.stream import Entry, EventBatch

__all__ = ["TelemetrySink", "Writer"]

_log = structlog.get_logger(__name__)
_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class TelemetrySink(Protocol):
    """Where readings and events go; writing the same batch twice changes nothing."""

    def write(self, batch: ReadingBatch) -> None:
        """Store readings; durable when this returns."""
        ...

    def write_events(self, frame: pl.DataFrame) -> None:
        """Store events; durable when this returns."""
        ...


class Writer:
    """Carries entries to the telemetry store and commits how far it came.

    `unavailable` is the error by which the store says that it cannot serve now: the same entries are
    tried again with back-off, and the journal keeps what comes meanwhile.
    """

    def __init__(
        self,
        journal: Journal,
        tail: JournalTail,
        sink: TelemetrySink,
        unavailable: type[Exception],
        gather_s: float = 0.25,
    ) -> None:
        self._journal = journal
        self._tail = tail
        self._sink = sink
        self._unavailable = unavailable
        self._gather_s = gather_s
        self._position = journal.position(Consumer.WRITER)
        self.is_failing = False

    @property
    def position(self) -> int:
        """Number of the last entry that is in the store."""
        return self._position

    async def run(self, stop: asyncio.Event) -> None:
        """Work until cancelled, or until `stop` is set and everything journaled is written."""
        while not (stop.is_set() and self._position >= self._tail.newest):
            waiting = asyncio.ensure_future(self._tail.next_entries(self._position))
            stopping = asyncio.ensure_future(stop.wait())
            try:
                await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if waiting.done():
                    await self._write_until_done(waiting.result(), stop)
            finally:
                for task in (waiting, stopping):
                    task.cancel()
            if not stop.is_set():
                # Many small commits cost the store more than a quarter of a second costs a reader.
                await asyncio.sleep(self._gather_s)

    async def _write_until_done(self, entries: Sequence[Entry], stop: asyncio.Event) -> None:
        """Write entries, trying again while the store is away; gives up only when told to stop."""
        attempt = 0
        while True:
            try:
                tally = await asyncio.to_thread(self._write, entries)
                await asyncio.to_thread(self._journal.advance, Consumer.WRITER, entries[-1].number, tally)
            except (self._unavailable, JournalFullError) as error:
                if not self.is_failing:
                    _log.warning("writer_waits", why=str(error))
                self.is_failing = True
                if stop.is_set():
                    raise
                await asyncio.sleep(_BACK_OFF_S[min(attempt, len(_BACK_OFF_S) - 1)])
                attempt += 1
            else:
                break
        if self.is_failing:
            _log.info("writer_goes_on", entry=entries[-1].number)
        self.is_failing = False
        self._position = entries[-1].number

    def _write(self, entries: Sequence[Entry]) -> Tally:
        """One store write for each kind, whatever number of entries there are."""
        readings: dict[str, list[pl.DataFrame]] = defaultdict(list)
        events: list[pl.DataFrame] = []
        for entry in entries:
            if isinstance(entry.content, ReadingBatch):
                readings[entry.content.kind].append(entry.content.frame)
            elif isinstance(entry.content, EventBatch):
                events.append(entry.content.frame)
        tally = Tally()
        for kind, frames in readings.items():
            frame = pl.concat(frames)
            self._sink.write(ReadingBatch(kind, frame))
            tally.add(Fate.WRITTEN, frame.height)
        if events:
            frame = pl.concat(events)
            self._sink.write_events(frame)
            tally.add(Fate.EVENTS, frame.height)
        return tally
