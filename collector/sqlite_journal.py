"""The journal on one machine: SQLite in WAL with full sync.

One commit takes many entries, so the sync is paid once for a batch of messages. The tally of fates and the
consumers' positions live in the same file, so that every checkpoint adds up.
"""

import sqlite3
import threading
import uuid
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from collector.errors import JournalCorruptError, JournalFullError, JournalUnusableError
from collector.fates import Balance, Fate, Tally
from collector.journal import Consumer
from collector.journal_codec import decode, encode
from collector.journal_layout import FORMAT, INSERT_ENTRY, SCHEMA, entry_checksum, sealed, write_seal
from collector.sqlite_wal import lost_commits
from devices.stream import Content, Entry

__all__ = ["SqliteJournal"]

_OLD_FORMAT = "1"
_READ_AT_ONCE = 256
_RESERVE_BYTES = 8_388_608
"""Room beyond the cap for what the collector says of itself."""
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=5000",
    "temp_store=MEMORY",
    "cell_size_check=ON",
)
_FULL = frozenset({"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC"})

_Row = tuple[str, int, int, bytes]


class SqliteJournal:
    """A journal in one SQLite file.

    Raises:
        JournalUnusableError: the file cannot be opened or written, or another version made it.
    """

    def __init__(self, path: Path, cap_bytes: int) -> None:
        self._path = path
        self._cap_bytes = cap_bytes
        self._lock = threading.Lock()
        lost = lost_commits(path.with_name(path.name + "-wal"))
        if lost:
            raise JournalUnusableError(path, f"its write-ahead log is damaged, {lost} commits would be lost")
        try:
            # It may hold plates: readable for the service's own account only.
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise JournalUnusableError(path, str(error)) from error
        self._last_received_ms = self._meta_int("last_received_ms")

    @classmethod
    def succeed(cls, path: Path, cap_bytes: int, journal: str, number: int) -> "SqliteJournal":
        """A new journal that goes on where a lost one was read to: with its id, behind that number.

        It is made aside and put in its place whole: what was cut off is no journal, and may be tried again.

        Raises:
            JournalUnusableError: there is a journal already, or it cannot be written.
        """
        if path.exists():
            raise JournalUnusableError(path, "it is there, and a restored journal is a new one")
        making = path.with_name(f"{path.name}.new")
        for left in path.parent.glob(f"{making.name}*"):
            left.unlink()
        made = cls(making, cap_bytes)
        try:
            with made._transaction():
                made._connection.execute("UPDATE meta SET value = ? WHERE name = 'id'", (journal,))
                made._connection.execute("INSERT INTO sqlite_sequence VALUES ('entries', ?)", (number,))
                positions = [(consumer, number) for consumer in Consumer]
                made._connection.executemany("INSERT INTO consumers VALUES (?, ?)", positions)
        finally:
            made.close()
        making.rename(path)
        return cls(path, cap_bytes)

    def _prepare(self) -> None:
        """Open for durable writing, make the tables, check identity and format."""
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA)
        if self._meta("id") is None and self._last_number() == 0:
            with self._transaction():
                put = "INSERT INTO meta VALUES (?, ?)"
                self._connection.executemany(put, [("id", uuid.uuid4().hex), ("format", str(FORMAT))])
            # Who we are stands in the file itself from the first moment on, whatever becomes of the log.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found = self._meta("format")
        if found == _OLD_FORMAT:
            self._renew()
            found = self._meta("format")
        if found != str(FORMAT):
            raise JournalUnusableError(self._path, f"it has format {found}, this version reads {FORMAT}")
        if self._meta("seal") != sealed(self._connection):
            raise JournalUnusableError(self._path, "its counts and positions do not match their checksum")
        self._id = self._meta("id") or ""

    def _renew(self) -> None:
        """Take over a journal whose checksums cover the bodies only; a damaged entry stays one."""
        query = "SELECT number, type, messages, to_write, body, checksum FROM entries ORDER BY number"
        with self._transaction():
            for number, *columns, checksum in self._connection.execute(query).fetchall():
                if zlib.crc32(columns[-1]) == checksum:
                    row = (entry_checksum(number, *columns), number)
                    self._connection.execute("UPDATE entries SET checksum = ? WHERE number = ?", row)
            self._connection.execute("UPDATE meta SET value = ? WHERE name = 'format'", (str(FORMAT),))

    @property
    def id(self) -> str:
        """The journal's own identity, made with the file."""
        return self._id

    def append(
        self, contents: Sequence[Content], tally: Tally, received_at_ms: int, messages: int
    ) -> list[Entry]:
        """Write what was received up to a moment, and its tally, in one commit; on disk when this returns.

        Raises:
            JournalFullError: the cap or the disk leaves no room; nothing was written.
        """
        rows = _rows(contents, messages)
        with self._lock:
            self._check_room(self._cap_bytes + (0 if messages else _RESERVE_BYTES))
            with self._transaction():
                first = self._insert(rows)
                self._add(tally)
                self._store_received(received_at_ms)
            # Only what is on disk may be relied on after a crash.
            self._last_received_ms = max(self._last_received_ms or received_at_ms, received_at_ms)
        return [Entry(number, content) for number, content in enumerate(contents, first)]

    def read(self, after: int, limit: int) -> list[Entry]:
        """At most `limit` entries above a number, in order; stops before a damaged one.

        Raises:
            JournalCorruptError: the very next entry is damaged.
        """
        query = (
            "SELECT number, type, messages, to_write, body, checksum FROM entries"
            " WHERE number > ? ORDER BY number LIMIT ?"
        )
        with self._lock, self._reading(after + 1):
            rows = self._connection.execute(query, (after, limit)).fetchall()
            passed = min(self._position(consumer) for consumer in Consumer)
            last = self._last_number()
        entries: list[Entry] = []
        expected = max(after, passed) + 1
        for number, *columns, checksum in rows:
            # What both have passed may be purged; behind that none may be missing.
            if number > expected or checksum != entry_checksum(number, *columns):
                break
            name, _, _, body = columns
            entries.append(Entry(number, decode(name, body)))
            expected = max(expected, number + 1)
        if not entries and (rows or expected <= last):
            raise JournalCorruptError(expected if not rows else min(expected, rows[0][0]))
        return entries

    def recent(self, messages: int) -> Iterator[Entry]:
        """The latest entries that at least that many messages came in, oldest first.

        Raises:
            JournalCorruptError: an entry is damaged.
        """
        with self._lock, self._reading():
            after = self._first_of_latest(messages) - 1
        while entries := self.read(after, _READ_AT_ONCE):
            yield from entries
            after = entries[-1].number

    def position(self, consumer: Consumer) -> int:
        """Number of the last entry a consumer has committed; 0 at the beginning."""
        with self._lock, self._reading():
            return self._position(consumer)

    def advance(
        self,
        consumer: Consumer,
        number: int,
        tally: Tally | None = None,
        contents: Sequence[Content] = (),
    ) -> list[Entry]:
        """Commit a consumer's position, what it did (into the tally), and what came of it, in one commit."""
        rows = _rows(contents, messages=0)
        with self._lock, self._transaction():
            self._connection.execute("INSERT OR REPLACE INTO consumers VALUES (?, ?)", (consumer, number))
            self._add(tally or Tally())
            first = self._insert(rows)
        return [Entry(number, content) for number, content in enumerate(contents, first)]

    def last_number(self) -> int:
        """Number of the newest entry; 0 when nothing was ever written."""
        with self._lock, self._reading():
            return self._last_number()

    def last_received_ms(self) -> int | None:
        """The latest moment given to `append` (epoch ms); None for a new journal."""
        return self._last_received_ms

    def balance(self) -> Balance:
        """The tally and what the writer has not written yet, at one checkpoint."""
        tally = Tally()
        with self._lock, self._reading():
            for fate, reason, count in self._connection.execute("SELECT fate, reason, count FROM tallies"):
                tally.add(Fate(fate), count, reason)
            query = (
                "SELECT coalesce(sum(to_write), 0) FROM entries INDEXED BY entries_to_write WHERE number > ?"
            )
            (pending,) = self._connection.execute(query, (self._position(Consumer.WRITER),)).fetchone()
        return Balance(tally, pending)

    def purge(self, keep_messages: int) -> int:
        """Remove what both consumers have passed; how many entries went.

        Readings and events of the latest `keep_messages` messages stay: duplicates are recognised by them.

        Raises:
            JournalFullError: not even this can be written; try again later.
        """
        remove = "DELETE FROM entries WHERE number <= ? AND (number < ? OR to_write = 0)"
        with self._lock, self._transaction():
            passed = min(self._position(consumer) for consumer in Consumer)
            return self._connection.execute(remove, (passed, self._first_of_latest(keep_messages))).rowcount

    def fill_share(self) -> float:
        """How much of its cap the journal uses, 0 to 1 and a little more."""
        with self._lock:
            return self._used_bytes() / self._cap_bytes

    def size_bytes(self) -> int:
        """Bytes of the database and its write-ahead log."""
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def close(self) -> None:
        """Release the file; idempotent."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One commit.

        Raises:
            JournalFullError: the disk has no room, or cannot be written; nothing was.
            JournalUnusableError: the file is damaged.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            write_seal(self._connection)
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:  # SQLite itself rolls back when the disk is full
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname in _FULL:
                raise JournalFullError(self.size_bytes(), self._cap_bytes, str(error)) from error
            if isinstance(error, sqlite3.DatabaseError):
                raise JournalUnusableError(self._path, str(error)) from error
            raise

    @contextmanager
    def _reading(self, number: int | None = None) -> Iterator[None]:
        """A question to the file.

        Raises:
            JournalCorruptError: it is damaged where an entry should be.
            JournalUnusableError: it is damaged elsewhere.
        """
        try:
            yield
        except sqlite3.DatabaseError as error:
            if number is None:
                raise JournalUnusableError(self._path, str(error)) from error
            raise JournalCorruptError(number) from error

    def _check_room(self, cap_bytes: int) -> None:
        """Refuse to grow beyond a cap.

        Raises:
            JournalFullError: the entries take more than the cap.
        """
        used = self._used_bytes()
        if used > cap_bytes:
            raise JournalFullError(used, cap_bytes, "the cap is reached, a consumer is far behind")

    def _used_bytes(self) -> int:
        """Bytes that entries take; pages freed by a purge are room."""
        page_bytes, pages, free = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_size", "page_count", "freelist_count")
        )
        return int(page_bytes * (pages - free))

    def _add(self, tally: Tally) -> None:
        add = (
            "INSERT INTO tallies VALUES (?, ?, ?)"
            " ON CONFLICT (fate, reason) DO UPDATE SET count = count + excluded.count"
        )
        self._connection.executemany(add, [(*key, count) for key, count in tally.counts.items()])

    def _insert(self, rows: Sequence[_Row]) -> int:
        """Add entries within the open transaction; the number of the first."""
        first = self._last_number() + 1
        numbered = ((number, *row, entry_checksum(number, *row)) for number, row in enumerate(rows, first))
        self._connection.executemany(INSERT_ENTRY, numbered)
        return first

    def _store_received(self, received_ms: int) -> None:
        if self._last_received_ms is None or received_ms > self._last_received_ms:
            put = "INSERT OR REPLACE INTO meta VALUES ('last_received_ms', ?)"
            self._connection.execute(put, (str(received_ms),))

    def _position(self, consumer: Consumer) -> int:
        query = "SELECT number FROM consumers WHERE name = ?"
        row = self._connection.execute(query, (consumer,)).fetchone()
        return int(row[0]) if row else 0

    def _last_number(self) -> int:
        row = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
        return int(row[0]) if row else 0

    def _first_of_latest(self, messages: int) -> int:
        """Number of the entry from which on there are at least that many messages; 1 when there are fewer."""
        seen = 0
        for number, came in self._connection.execute(
            "SELECT number, messages FROM entries WHERE messages > 0 ORDER BY number DESC"
        ):
            seen += came
            if seen >= messages:
                return int(number)
        return 1

    def _meta(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def _meta_int(self, name: str) -> int | None:
        value = self._meta(name)
        return None if value is None else int(value)


def _rows(contents: Sequence[Content], messages: int) -> list[_Row]:
    """Contents as rows of `entries`, all of one commit."""
    encoded = [encode(content) for content in contents]
    return [
        (name, 0 if index else messages, to_write, body)
        for index, (name, to_write, body) in enumerate(encoded)
    ]
