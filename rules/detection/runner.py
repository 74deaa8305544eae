"""The consumer that keeps detection running: journal in, operations store out."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from devices.stream import Entry
from rules.detection.engine import Engine
from rules.detection.outcome import DetectionStore, DetectionStoreRefusedError, Outcome

__all__ = ["DetectionConsumer", "Feed", "Pacing"]

_log = structlog.get_logger()
_TIMES_AS_LONG = 9
"""Between two commits lies so many times what one takes."""


class Feed(Protocol):
    """Where the entries of a journal come from."""

    async def next_entries(self, after: int) -> Sequence[Entry]:
        """The entries after a number, in order; waits until there is one. Cancelling loses nothing."""
        ...


@dataclass(frozen=True, kw_only=True)
class Pacing:
    """How often results are committed, and how long a failing store is left alone; real seconds.

    Without changes a commit waits until those before have taken a tenth of the time, `commit_longest_s` at
    most: under full load the states of thousands of devices need not be at rest every second.
    """

    commit_every_s: float = 1.0
    commit_longest_s: float = 5.0
    commit_changes_after_s: float = 0.2
    retry_first_s: float = 0.1
    retry_longest_s: float = 5.0

    def wait_s(self, since_commit_s: float, *, has_changes: bool, took_s: float = 0.0) -> float:
        """How long a commit has to wait; 0 when it is due. `took_s` is how long the last one took."""
        cheap_s = min(took_s * _TIMES_AS_LONG, self.commit_longest_s)
        every = self.commit_changes_after_s if has_changes else max(self.commit_every_s, cheap_s)
        return max(0.0, every - since_commit_s)


class DetectionConsumer:
    """Feeds the engine and commits what it finds, in the journal's order and never beyond what was read.

    A store that fails makes detection wait; nothing is lost, because the position moves with the commit.
    """

    def __init__(
        self,
        engine: Engine,
        feed: Feed,
        store: DetectionStore,
        journal: str,
        *,
        pacing: Pacing | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._feed = feed
        self._store = store
        self._journal = journal
        self._pacing = pacing or Pacing()
        self._monotonic = monotonic
        self._committed = 0
        self._read = 0
        self._last_commit_s = monotonic()
        self._commit_took_s = 0.0
        self._untold: Outcome | None = None
        self._successors: deque[Callable[[], Engine]] = deque()
        self.skipped = 0
        self._working: asyncio.Task[None] | None = None

    @property
    def engine(self) -> Engine:
        """The engine at work."""
        return self._engine

    def succeed(self, make_engine: Callable[[], Engine]) -> None:
        """Let a new engine take over before the next entry is read, with the states of the one before.

        What was read so far is committed, and the new engine goes on from there as it would after a restart;
        devices that it does not know lose their state. Of several that wait only the last is made: each reads
        all states. May be called from any thread.
        """
        self._successors.append(make_engine)

    @property
    def position(self) -> int:
        """The number of the last entry whose results are committed; 0 before the first."""
        return self._committed

    @property
    def read_position(self) -> int:
        """The number of the last entry that the engine has read; 0 before the first."""
        return self._read

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set or the task is cancelled; then commit what was read, and return.

        What the store raises is retried, unless it refuses for good. An entry that the engine cannot bear is
        left out, logged and counted in `skipped`. What the feed raises ends the run.

        Raises:
            DetectionStoreRefusedError: the store will never take what was found.
        """
        if not await self._retried("load", self._load, stop):
            return
        try:
            await self._consume(stop)
        finally:
            await self._finish()

    def _load(self) -> None:
        snapshot = self._store.load(self._journal)
        self._engine.restore(snapshot)
        self._committed = self._read = snapshot.position.number if snapshot.position else 0

    async def _consume(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait(), name="detection-stop")
        coming: asyncio.Task[Sequence[Entry]] | None = None
        try:
            while not stop.is_set():
                coming = coming or asyncio.create_task(self._next(), name="detection-feed")
                await asyncio.wait(
                    {coming, stopping}, timeout=self._wait_s(), return_when=asyncio.FIRST_COMPLETED
                )
                if coming.done():
                    entries, coming = coming.result(), None
                    if not await self._change_engine(stop):
                        break
                    await self._in_thread(partial(self._process, entries))
                if self._wait_s() == 0:
                    await self._retried("commit", self._commit, stop)
        finally:
            for task in filter(None, (coming, stopping)):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _change_engine(self, stop: asyncio.Event) -> bool:
        """Let waiting successors take over; False if asked to stop before they could."""
        while self._successors:
            while len(self._successors) > 1:  # only we take from it
                self._successors.popleft()
            replace_engine = partial(self._replace_engine, self._successors.popleft())
            if self._wait_s() is not None and not await self._retried("commit", self._commit, stop):
                return False
            if not await self._retried("load", replace_engine, stop):
                return False
        return True

    def _replace_engine(self, make_engine: Callable[[], Engine]) -> None:
        engine = make_engine()
        engine.restore(self._store.load(self._journal))
        engine.set_idle_clock(self._engine.idle_clock)
        self._engine = engine

    async def _next(self) -> Sequence[Entry]:
        return await self._feed.next_entries(self._read)

    def _wait_s(self) -> float | None:
        """Seconds until a commit is due; None when there is nothing to commit."""
        if self._read == self._committed and self._untold is None and not self._engine.has_changes:
            return None
        since_s = self._monotonic() - self._last_commit_s
        has_changes = self._engine.has_changes or self._untold is not None
        return self._pacing.wait_s(since_s, has_changes=has_changes, took_s=self._commit_took_s)

    def _process(self, entries: Sequence[Entry]) -> None:
        """Let the engine read; an entry that it cannot bear is left out, or every start would end at it."""
        try:
            self._engine.process(entries)
        except Exception:  # noqa: BLE001 - a mistake of ours must not stop detection for the whole city
            _log.exception("detection reads one by one", first=entries[0].number, last=entries[-1].number)
            for entry in entries:
                self._process_alone(entry)
        if entries:
            self._read = entries[-1].number

    def _process_alone(self, entry: Entry) -> None:
        try:
            self._engine.process([entry])
        except Exception:  # noqa: BLE001 - the same
            # What was read before stays read: the engine takes a repetition for one.
            self.skipped += 1
            _log.exception("detection leaves out an entry", number=entry.number)

    def _commit(self) -> None:
        """Commit what was found. After a failure the same outcome is told again, not a newer one."""
        began_s = self._monotonic()
        self._untold = self._untold or self._engine.take_outcome(self._journal)
        position = self._untold.snapshot.position
        self._store.commit(self._untold)
        self._untold = None
        self._committed = position.number if position else 0
        self._last_commit_s = self._monotonic()
        self._commit_took_s = self._last_commit_s - began_s

    async def _retried(self, what: str, call: Callable[[], None], stop: asyncio.Event) -> bool:
        """Call until it succeeds; False if asked to stop first. Logs the first failure and its end."""
        delay_s = self._pacing.retry_first_s
        failed = False
        while True:
            try:
                await self._in_thread(call)
            except DetectionStoreRefusedError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever else a store raises, detection waits for it
                if not failed:
                    _log.warning("detection store fails, waiting", what=what, error=repr(error))
                failed = True
            else:
                if failed:
                    _log.info("detection store works again", what=what)
                return True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), delay_s)
            if stop.is_set():
                return False
            delay_s = min(2 * delay_s, self._pacing.retry_longest_s)

    async def _in_thread(self, call: Callable[[], None]) -> None:
        """Run in a worker thread; a cancelled caller leaves it running, and `_finish` waits for it."""
        self._working = asyncio.create_task(asyncio.to_thread(call), name="detection-work")
        await asyncio.shield(self._working)

    async def _finish(self) -> None:
        """Wait for the thread, then commit what was read; one attempt, the journal keeps the rest."""
        if self._working is not None and not self._working.done():
            await asyncio.wait({self._working})
        if self._wait_s() is None:
            return
        try:
            await asyncio.to_thread(self._commit)
        except Exception as error:  # noqa: BLE001 - the journal still holds what could not be committed
            _log.warning(
                "detection stops without its last commit", position=self._committed, error=repr(error)
            )
