"""Handing journal entries to consumers: from memory while they keep up, from the journal when they do not."""

import asyncio
from collections import deque
from collections.abc import Sequence

from collector.journal import Journal
from devices.stream import Entry

__all__ = ["JournalTail"]


class JournalTail:
    """What consumers read. Entries come in order and without gaps, whichever way they are read.

    Lives on one event loop; `publish` is called after the entries are on disk.
    """

    def __init__(self, journal: Journal, keep_entries: int = 512) -> None:
        self.journal = journal
        self._memory: deque[Entry] = deque(maxlen=keep_entries)
        self._newest = journal.last_number()
        self._early: dict[int, Entry] = {}
        self._news = asyncio.Event()

    @property
    def newest(self) -> int:
        """Number of the newest entry."""
        return self._newest

    def publish(self, entries: Sequence[Entry]) -> None:
        """Make entries that are safe on disk known to the consumers.

        Intake and writer append from threads of their own, so what one wrote first may be told last: entries
        wait here for those before them.
        """
        self._early |= {entry.number: entry for entry in entries if entry.number > self._newest}
        if self._newest + 1 not in self._early:
            return
        while (entry := self._early.pop(self._newest + 1, None)) is not None:
            self._memory.append(entry)
            self._newest = entry.number
        # Waiters hold the old event; a new one is for whoever waits from now on.
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def next_entries(self, after: int, limit: int = 256) -> list[Entry]:
        """At least one and at most `limit` entries above `after`; waits until there is one.

        Raises:
            JournalCorruptError: the next entry on disk is damaged.
        """
        while self._newest <= after:
            await self._news.wait()
        if self._memory and self._memory[0].number <= after + 1:
            return [entry for entry in self._memory if entry.number > after][:limit]
        return await asyncio.to_thread(self.journal.read, after, limit)
