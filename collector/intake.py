"""The intake: receive, decode, journal, then acknowledge. The order is the delivery promise."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from collector.decoding import Chunk, MessageDecoding
from collector.errors import JournalFullError
from collector.fates import Fate, Tally
from collector.progress import Progress
from collector.self_report import SelfReport
from collector.source import MessageSource
from collector.tail import JournalTail
from collector.volume import Volume
from devices.clock import Clock
from devices.messages import RawMessage
from devices.stream import Content, Entry, Mark

__all__ = ["Intake", "IntakeSettings"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class IntakeSettings:
    """How the intake batches. Times are real seconds.

    `batch_messages` is the most that one commit takes; the session's ReceiveMaximum must be at least twice
    that. `linger_s` is how long to gather after the first message; `idle_s` how often to look when nothing
    arrives; `mark_every_ms` how far the city's time goes on between two marks, which consumers cannot read
    across; `fresh_ms` how old the median reading may be for the stream to count as live.
    """

    batch_messages: int = 2_000
    linger_s: float = 0.05
    idle_s: float = 0.5
    mark_every_ms: int = 1_000
    fresh_ms: int = 10_000
    retry_s: float = 0.5


class Intake:
    """Takes messages from a broker into the journal.

    A message is acknowledged only after the commit that holds its records is on disk. When the journal has
    no room nothing is acknowledged, the broker keeps what we cannot take, and `is_blocked` says so.
    """

    def __init__(
        self,
        source: MessageSource,
        decoding: MessageDecoding,
        tail: JournalTail,
        clock: Clock,
        settings: IntakeSettings,
        report: SelfReport | None = None,
    ) -> None:
        self._source = source
        self._decoding = decoding
        self._journal = tail.journal
        self._tail = tail
        self._clock = clock
        self._settings = settings
        self._report = report
        self.progress = Progress()
        self._last_mark: Mark | None = None
        self.is_caught_up = False
        self.is_blocked = False
        self.volume = Volume()

    @property
    def messages(self) -> int:
        """Messages taken since the start."""
        return self.volume.messages

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what was received and not yet journaled stays with the broker."""
        while not stop.is_set():
            await self.step()

    async def step(self) -> None:
        """One round: whatever has arrived, or a mark if nothing did."""
        messages = await self._source.receive(self._settings.batch_messages, self._settings.idle_s)
        if messages and len(messages) < self._settings.batch_messages:
            await asyncio.sleep(self._settings.linger_s)
            messages += await self._source.receive(self._settings.batch_messages - len(messages), 0.0)
        received_at_ms = self._clock.now_ms()
        chunk = Chunk()
        if messages:
            chunk = await asyncio.to_thread(
                self._decoding.decode, messages, received_at_ms, caught_up=self.is_caught_up
            )
        self._judge_progress(len(messages), chunk.median_age_ms)
        await self._keep(messages, chunk, received_at_ms)

    def _judge_progress(self, count: int, median_age_ms: int | None) -> None:
        """Caught up: subscribed, and what comes is fresh, or nothing is waiting for us at all.

        Only a full batch of old readings is a backlog of ours; a few old ones are a gateway's that comes
        back, and must not stop the idle clock for everybody.
        """
        is_fresh = median_age_ms is not None and median_age_ms <= self._settings.fresh_ms
        is_full = count >= self._settings.batch_messages
        if not self._source.is_subscribed:
            self.is_caught_up = False
        elif count == 0 or is_fresh:
            self.is_caught_up = True
        elif is_full and median_age_ms is not None:
            self.is_caught_up = False

    async def _keep(self, messages: Sequence[RawMessage], chunk: Chunk, received_at_ms: int) -> None:
        """Journal a chunk, with a mark behind it when one is due; then acknowledge and pass it on."""
        contents = [*chunk.contents, *await self._due_report(received_at_ms, chunk.tally)]
        contents += self._due_mark(received_at_ms)
        if not messages and not contents:
            return
        entries = await self._append(contents, chunk.tally, received_at_ms, len(messages))
        self._source.acknowledge(messages)
        self._pass_on(entries, received_at_ms)
        self.volume.note(len(messages), chunk.contents)

    def _pass_on(self, entries: Sequence[Entry], received_at_ms: int) -> None:
        if entries:
            self._tail.publish(entries)
            self.progress.note(entries[-1].number, received_at_ms)

    async def _due_report(self, received_at_ms: int, tally: Tally) -> list[Content]:
        """Our own reading when it is time for one; it counts as received like any other."""
        if self._report is None or not self._report.is_due(received_at_ms):
            return []
        # In a thread: it asks the journal, which may be busy with a purge, and the broker must not wait.
        reading = await asyncio.to_thread(self._report.take, received_at_ms)
        tally.add(Fate.RECEIVED)
        return [reading]

    def _due_mark(self, received_at_ms: int) -> list[Mark]:
        last = self._last_mark
        if (
            last is not None
            and last.caught_up == self.is_caught_up
            and received_at_ms - last.received_up_to_ms < self._settings.mark_every_ms
        ):
            return []
        self._last_mark = Mark(received_at_ms, self.is_caught_up)
        return [self._last_mark]

    async def _append(
        self, contents: Sequence[Content], tally: Tally, received_at_ms: int, messages: int
    ) -> list[Entry]:
        """Write until there is room; the broker holds what comes meanwhile."""
        while True:
            try:
                entries = await asyncio.to_thread(
                    self._journal.append, contents, tally, received_at_ms, messages
                )
            except JournalFullError as full:
                if not self.is_blocked:
                    _log.error("journal_full", used_bytes=full.used_bytes, cap_bytes=full.cap_bytes)
                self.is_blocked = True
                self.is_caught_up = False
                # A mark of before would come behind those that say what has happened since.
                contents = [content for content in contents if not isinstance(content, Mark)]
                await self._say_so()
                await asyncio.sleep(self._settings.retry_s)
            else:
                self.is_blocked = False
                return entries

    async def _say_so(self) -> None:
        """Let the rules know that nothing is taken in: our own word has a little room of its own."""
        now_ms, tally = self._clock.now_ms(), Tally()
        contents = await self._due_report(now_ms, tally)
        if not contents:
            return
        mark = self._last_mark = Mark(now_ms, caught_up=False)
        try:
            entries = await asyncio.to_thread(self._journal.append, [*contents, mark], tally, now_ms, 0)
        except JournalFullError:
            return  # the disk itself is full; `is_blocked` says so to whoever asks
        self._pass_on(entries, now_ms)
