"""The writer: journal to telemetry store, in order, as often as needed until it is there."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import polars as pl
import structlog

from collector.errors import JournalFullError
from collector.fates import Fate, Tally
from collector.journal import Consumer, Journal
from collector.tail import JournalTail
from devices.batch import ReadingBatch
from devices.errors import Rejection
from devices.refused import refused_events, refused_readings
from devices.stream import Content, DeadLetterBatch, Entry, EventBatch

__all__ = ["TelemetrySink", "Writer", "WriterSettings"]

_log = structlog.get_logger(__name__)
_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_LONGEST_WAIT_S = 60.0
_MOST_ENTRIES = 768
_FIRST_ENTRIES = 16
_ROWS_AT_ONCE = 60_000
"""As many as a store writes at full speed; more would only hold memory.

A server spends less on a row the more rows of its device are in one request.
"""


class TelemetrySink(Protocol):
    """Where readings and events go; writing the same batch twice changes nothing."""

    def write(self, batch: ReadingBatch) -> pl.DataFrame:
        """Store readings, durably; the rows refused for good, with the column `REFUSAL`."""
        ...

    def write_events(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Store events, durably; the rows refused for good, with the column `REFUSAL`."""
        ...


@dataclass(frozen=True, kw_only=True)
class WriterSettings:
    """How the writer writes.

    `gather_s` is how long it gathers between two writes (real seconds), `sample_bytes` where the payloads of
    dead letters are cut, `writes_at_once` how many kinds, which share no row, are written side by side.
    """

    gather_s: float = 0.25
    sample_bytes: int = 16_384
    writes_at_once: int = 1


class Writer:
    """Carries entries to the telemetry store and commits how far it came.

    `unavailable` is the error by which the store says that it cannot serve now: the same entries are
    tried again with back-off, or after its `retry_after_s`, and the journal keeps what comes meanwhile. What
    the store refuses for good becomes dead letters.
    """

    def __init__(
        self,
        journal: Journal,
        tail: JournalTail,
        sink: TelemetrySink,
        unavailable: type[Exception],
        settings: WriterSettings | None = None,
    ) -> None:
        self._journal = journal
        self._tail = tail
        self._sink = sink
        self._unavailable = unavailable
        self._settings = settings or WriterSettings()
        self._pool = ThreadPoolExecutor(self._settings.writes_at_once, thread_name_prefix="writer")
        self._position = journal.position(Consumer.WRITER)
        self._limit = _FIRST_ENTRIES
        self.is_failing = False

    @property
    def position(self) -> int:
        """Number of the last entry that is in the store."""
        return self._position

    async def run(self, stop: asyncio.Event) -> None:
        """Work until cancelled, or until `stop` is set and everything journaled is written."""
        try:
            await self._work(stop)
        finally:
            # Whoever stops does not wait for a store that hangs: what is not committed is written again.
            self._pool.shutdown(wait=False)

    async def _work(self, stop: asyncio.Event) -> None:
        while not (stop.is_set() and self._position >= self._tail.newest):
            found = await self._next(stop)
            entries = _at_once(found)
            if not entries:
                continue
            # Not many more than it takes: those from disk would be read again.
            self._limit = min(_MOST_ENTRIES, 2 * len(entries) + 1)
            await self._write_until_done(entries, stop)
            if not stop.is_set() and len(entries) == len(found):
                # Many small commits cost the store more than this little time costs a reader.
                await asyncio.sleep(self._settings.gather_s)

    async def _next(self, stop: asyncio.Event) -> Sequence[Entry]:
        """The entries to write next; none when told to stop while there were none."""
        waiting = asyncio.ensure_future(self._tail.next_entries(self._position, self._limit))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done() or self._tail.newest > self._position:
                return await waiting
            return []
        finally:
            for task in (waiting, stopping):
                task.cancel()

    async def _write_until_done(self, entries: Sequence[Entry], stop: asyncio.Event) -> None:
        """Write entries, trying again while the store is away; gives up only when told to stop."""
        attempt = 0
        while True:
            try:
                await self._write_once(entries)
            except (self._unavailable, JournalFullError) as error:
                if not self.is_failing:
                    _log.warning("writer_waits", why=str(error))
                self.is_failing = True
                if stop.is_set():
                    raise
                await asyncio.sleep(_wait_s(error, attempt))
                attempt += 1
            else:
                break
        if self.is_failing:
            _log.info("writer_goes_on", entry=entries[-1].number)
        self.is_failing = False
        self._position = entries[-1].number

    async def _write_once(self, entries: Sequence[Entry]) -> None:
        """Write entries; commit how far it came, what became of them and what was refused, at once."""
        tally, letters = await asyncio.to_thread(self._write, entries)
        number = entries[-1].number
        self._tail.publish(
            await asyncio.to_thread(self._journal.advance, Consumer.WRITER, number, tally, letters)
        )

    def _write(self, entries: Sequence[Entry]) -> tuple[Tally, list[Content]]:
        """One store write for each kind, whatever number of entries there are."""
        readings: dict[str, list[pl.DataFrame]] = defaultdict(list)
        events: list[pl.DataFrame] = []
        for entry in entries:
            if isinstance(entry.content, ReadingBatch):
                readings[entry.content.kind].append(entry.content.frame)
            elif isinstance(entry.content, EventBatch):
                events.append(entry.content.frame)
        tally = Tally()
        letters: list[pl.DataFrame] = []
        batches = [ReadingBatch(kind, pl.concat(frames, rechunk=True)) for kind, frames in readings.items()]
        for batch, refused in zip(batches, self._pool.map(self._sink.write, batches), strict=True):
            tally.add(Fate.WRITTEN, batch.frame.height - refused.height)
            letters.append(refused_readings(batch.kind, refused, self._settings.sample_bytes))
        if events:
            frame = pl.concat(events)
            refused = self._sink.write_events(frame)
            tally.add(Fate.EVENTS, frame.height - refused.height)
            letters.append(refused_events(refused, self._settings.sample_bytes))
        return tally, _dead_lettered(letters, tally)


def _dead_lettered(letters: Sequence[pl.DataFrame], tally: Tally) -> list[Content]:
    """What the journal takes for the refused rows, which are counted."""
    found = [frame for frame in letters if not frame.is_empty()]
    if not found:
        return []
    frame = pl.concat(found)
    tally.add(Fate.DEAD_LETTERED, frame.height, Rejection.STORE_REFUSED)
    _log.warning("store_refused", records=frame.height, why=frame["detail"][0])
    return [DeadLetterBatch(frame)]


def _at_once(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The first entries, as many as one write should take."""
    rows = 0
    for count, entry in enumerate(entries, 1):
        if isinstance(entry.content, (ReadingBatch, EventBatch)):
            rows += entry.content.frame.height
        if rows >= _ROWS_AT_ONCE:
            return entries[:count]
    return entries


def _wait_s(error: Exception, attempt: int) -> float:
    """How long to leave the store alone: as it asked, or longer each time."""
    asked = getattr(error, "retry_after_s", None)
    if isinstance(asked, (int, float)):
        return min(float(asked), _LONGEST_WAIT_S)
    return _BACK_OFF_S[min(attempt, len(_BACK_OFF_S) - 1)]
