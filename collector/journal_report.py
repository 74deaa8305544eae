"""What a journal is like at a moment: how far its consumers are, and which entries are damaged."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from collector.errors import JournalUnusableError
from collector.fates import Fate
from collector.journal import Consumer
from collector.journal_layout import FORMAT, entry_checksum, sealed
from collector.sqlite_wal import lost_commits

__all__ = ["Damage", "JournalReport", "Told", "examine", "journal_rows", "opened_journal", "said_plainly"]

_AT_ONCE = 500
_MISSING = "there is no such entry"
_ROW = "SELECT type, messages, to_write, body, checksum FROM entries WHERE number = ?"
_Row = tuple[str, int, int, bytes, int]
Told = Callable[[int, int], None]
"""Called now and then with (entries done, entries in all)."""


@dataclass(frozen=True, kw_only=True)
class Damage:
    """An entry that cannot be read, and how that shows."""

    number: int
    why: str


@dataclass(frozen=True, kw_only=True)
class JournalReport:
    """A journal at one moment. `pending` are the records that the writer has yet to write.

    `lost_records` is how many of what was received stood in damaged entries that the writer has not passed.
    """

    id: str
    first: int
    last: int
    positions: dict[str, int]
    received: int
    pending: int
    lost_records: int
    size_bytes: int
    last_received_ms: int | None
    damaged: tuple[Damage, ...]

    @property
    def passed(self) -> int:
        """The entry that both consumers have passed."""
        return min(self.positions.values())


def examine(path: Path, told: Told = lambda _done, _all: None, *, at_rest: bool = True) -> JournalReport:
    """Read every entry of a journal, and change nothing. A service may hold it: then it is not `at_rest`.

    Raises:
        JournalUnusableError: there is none, another version made it, or more than entries is damaged.
    """
    # Of a log that is being written no more can be said than that.
    lost = lost_commits(path.with_name(f"{path.name}-wal")) if at_rest else 0
    if lost:
        raise JournalUnusableError(path, f"its write-ahead log is damaged, {lost} commits would be lost")
    with opened_journal(path, "ro") as connection:
        connection.execute("BEGIN")  # one moment, whatever the service does meanwhile
        return _report(path, connection, told)


@contextmanager
def opened_journal(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """The journal's file, if it is one of this version and nothing but entries can be damaged.

    Raises:
        JournalUnusableError: it is not; whatever goes wrong with it meanwhile, too.
    """
    if not path.exists():
        raise JournalUnusableError(path, "there is none")
    address = f"{path.absolute().as_uri()}?mode={mode}"
    with said_plainly(path), closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
        found = _meta(connection)
        if found.get("format") != str(FORMAT):
            why = f"it has format {found.get('format')}, this version reads {FORMAT}"
            raise JournalUnusableError(path, why)
        if found.get("seal") != sealed(connection):
            raise JournalUnusableError(path, "its counts and positions do not match their checksum")
        yield connection


@contextmanager
def said_plainly(path: Path) -> Iterator[None]:
    """What SQLite and the disk say, as the error of this package.

    Raises:
        JournalUnusableError: with their words.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalUnusableError(path, str(error)) from error


def _meta(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, value FROM meta").fetchall())


def _report(path: Path, connection: sqlite3.Connection, told: Told) -> JournalReport:
    meta = _meta(connection)
    stored = dict(connection.execute("SELECT name, number FROM consumers").fetchall())
    positions = {consumer.value: int(stored.get(consumer.value, 0)) for consumer in Consumer}
    tallies = connection.execute("SELECT fate, sum(count) FROM tallies GROUP BY fate").fetchall()
    counts = {Fate(fate): int(count) for fate, count in tallies}
    received = counts.pop(Fate.RECEIVED, 0)
    pending, damaged = received - sum(counts.values()), []
    readable = 0
    first, last = _span(connection, min(positions.values()))
    for number, row in journal_rows(connection, range(first, last + 1), told):
        if isinstance(row, str):
            if row != _MISSING or number > min(positions.values()):
                damaged.append(Damage(number=number, why=row))
        elif number > positions[Consumer.WRITER]:
            readable += row[2]
    received_ms = meta.get("last_received_ms")
    return JournalReport(
        id=meta["id"],
        first=first,
        last=last,
        positions=positions,
        received=received,
        pending=pending,
        lost_records=max(pending - readable, 0),
        size_bytes=sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*") if file.is_file()),
        last_received_ms=None if received_ms is None else int(received_ms),
        damaged=tuple(damaged),
    )


def _span(connection: sqlite3.Connection, passed: int) -> tuple[int, int]:
    """First and last number; where the first cannot be read, that behind what both have passed."""
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
    first = None
    with suppress(sqlite3.DatabaseError):
        (first,) = connection.execute("SELECT min(number) FROM entries NOT INDEXED").fetchone()
    behind = passed + 1
    return (behind if first is None else min(int(first), behind)), (int(last[0]) if last else 0)


def journal_rows(
    connection: sqlite3.Connection, numbers: range, told: Told
) -> Iterator[tuple[int, _Row | str]]:
    """Each entry's row, or what is wrong with it."""
    for done, number in enumerate(numbers, 1):
        try:
            row = connection.execute(_ROW, (number,)).fetchone()
        except sqlite3.DatabaseError as error:
            yield number, f"its page cannot be read: {error}"
        else:
            yield number, _checked(number, row)
        if done % _AT_ONCE == 0 or done == len(numbers):
            told(done, len(numbers))


def _checked(number: int, row: _Row | None) -> _Row | str:
    if row is None:
        return _MISSING
    return row if row[-1] == entry_checksum(number, *row[:-1]) else "it does not match its checksum"
