"""The journal port: where records are safe before they are acknowledged, and read by two consumers."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Protocol

from collector.fates import Balance, Tally
from devices.stream import Content, Entry

__all__ = ["Consumer", "Journal"]


class Consumer(StrEnum):
    """Who reads the journal. `writer` takes it to the telemetry store, `detection` to the rules."""

    WRITER = "writer"
    DETECTION = "detection"


class Journal(Protocol):
    """An append-only, numbered, durable sequence of entries. Every method may be called from any thread."""

    @property
    def id(self) -> str:
        """The journal's own identity; numbers mean something only together with it."""
        ...

    def append(
        self, contents: Sequence[Content], tally: Tally, received_at_ms: int, messages: int
    ) -> list[Entry]:
        """Write what was received up to a moment, and its tally, in one commit; on disk when this returns.

        `messages` is how many of the broker's messages it came in. What came in none is our own word; it has
        a little room of its own beyond the cap, so that a full journal can still say that it is full.

        Raises:
            JournalFullError: nothing was written; try again later.
        """
        ...

    def read(self, after: int, limit: int) -> list[Entry]:
        """At most `limit` entries with numbers above `after`, in order.

        Raises:
            JournalCorruptError: the next entry is damaged; entries before it are returned first.
        """
        ...

    def recent(self, messages: int) -> Iterator[Entry]:
        """The latest entries that at least that many messages came in, oldest first.

        Raises:
            JournalCorruptError: an entry is damaged.
        """
        ...

    def position(self, consumer: Consumer) -> int:
        """Number of the last entry a consumer has committed; 0 at the beginning."""
        ...

    def advance(
        self,
        consumer: Consumer,
        number: int,
        tally: Tally | None = None,
        contents: Sequence[Content] = (),
    ) -> list[Entry]:
        """Commit a consumer's position, what it did (into the tally), and what came of it, in one commit.

        `contents` become entries even beyond the cap: they are few, and without them nothing would be purged.

        Raises:
            JournalFullError: nothing was written; try again later.
        """
        ...

    def last_number(self) -> int:
        """Number of the newest entry; 0 when nothing was ever written."""
        ...

    def last_received_ms(self) -> int | None:
        """The latest moment given to `append` (epoch ms); None for a new journal."""
        ...

    def balance(self) -> Balance:
        """The tally and what is pending, at one checkpoint."""
        ...

    def purge(self, keep_messages: int) -> int:
        """Remove what both consumers have passed; how many entries went.

        Readings and events of the latest `keep_messages` messages stay: duplicates are recognised by them.
        """
        ...

    def fill_share(self) -> float:
        """How much of its cap the journal uses, 0 to 1 and a little more."""
        ...

    def size_bytes(self) -> int:
        """Bytes on disk."""
        ...

    def close(self) -> None:
        """Release the files; idempotent."""
        ...
