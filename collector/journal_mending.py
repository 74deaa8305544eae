"""Setting aside what is damaged of a journal: the rest goes on, the whole is kept for a person to look at."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl

from collector.fates import Fate
from collector.journal_codec import encode
from collector.journal_layout import INSERT_ENTRY, SCHEMA, entry_checksum, write_seal
from collector.journal_report import (
    Damage,
    JournalReport,
    Told,
    examine,
    journal_rows,
    opened_journal,
    said_plainly,
)
from devices.batch import STATUS_SCHEMA
from devices.stream import StatusBatch

__all__ = ["LOST", "SetAside", "set_aside"]

LOST = "journal_damaged"
"""Reason under which the records of damaged entries are counted as dead letters."""
_LIST = "damaged.json"


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """The journal as it was, and the folder in which it is kept; None: nothing was damaged."""

    report: JournalReport
    kept: Path | None


def set_aside(path: Path, folder: Path, at_ms: int, told: Told = lambda _done, _all: None) -> SetAside:
    """Put a journal without its damaged entries in the place of one that has some; no service may hold it.

    The damaged journal is kept, as it was, in a folder of its own in `folder`. Behind what both consumers
    have passed an empty entry stands for each damaged one, so that no number is missing; the records that
    were in them are counted as dead letters, so that the counts add up. What is cut off changed nothing, and
    may be tried again.

    Raises:
        JournalUnusableError: as `examine`, or the disk has no room for a second journal.
    """
    report = examine(path, told)
    if not report.damaged:
        return SetAside(report=report, kept=None)
    making = path.with_name(f"{path.name}.mended")
    with said_plainly(path):
        for left in path.parent.glob(f"{making.name}*"):
            left.unlink()
        making.touch(mode=0o600)
        with (
            opened_journal(path, "rw") as damaged,
            closing(sqlite3.connect(making, isolation_level=None)) as mended,
        ):
            # All of it into the file, which is then the journal alone.
            damaged.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            _copy(damaged, mended, report, told)
        kept = _keep(path, folder, report, at_ms)
        _sync(making)
        making.replace(path)
        _sync(path.parent)
    return SetAside(report=report, kept=kept)


def _copy(damaged: sqlite3.Connection, mended: sqlite3.Connection, report: JournalReport, told: Told) -> None:
    """Write a journal of what can be read, with empty entries where something cannot."""
    mended.execute("PRAGMA journal_mode=OFF")
    mended.execute("PRAGMA synchronous=OFF")  # it is synced as a whole, below, before it is a journal
    mended.executescript(SCHEMA)
    mended.execute("BEGIN")
    for table, places in (("meta", 2), ("consumers", 2), ("tallies", 3)):
        rows = damaged.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - names of ours
        mended.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * places)})", rows)  # noqa: S608
    empty = _nothing()
    for number, row in journal_rows(damaged, range(report.first, report.last + 1), told):
        if not isinstance(row, str):
            mended.execute(INSERT_ENTRY, (number, *row))
        elif number > report.passed:
            mended.execute(INSERT_ENTRY, (number, *empty, entry_checksum(number, *empty)))
    mended.execute("DELETE FROM sqlite_sequence")
    mended.execute("INSERT INTO sqlite_sequence VALUES ('entries', ?)", (report.last,))
    if report.lost_records:
        add = (
            "INSERT INTO tallies VALUES (?, ?, ?)"
            " ON CONFLICT (fate, reason) DO UPDATE SET count = count + excluded.count"
        )
        mended.execute(add, (Fate.DEAD_LETTERED, LOST, report.lost_records))
    write_seal(mended)
    mended.execute("COMMIT")
    mended.execute("PRAGMA journal_mode=WAL")
    mended.execute("PRAGMA synchronous=FULL")
    mended.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _nothing() -> tuple[str, int, int, bytes]:
    """The columns of an entry that says nothing."""
    name, to_write, body = encode(StatusBatch(pl.DataFrame(schema=STATUS_SCHEMA)))
    return name, 0, to_write, body


def _keep(path: Path, folder: Path, report: JournalReport, at_ms: int) -> Path:
    """A second name for the damaged journal, with a list of what is damaged beside it; the folder of both."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    kept = folder / f"journal-{moment:%Y%m%dT%H%M%SZ}"
    # Plates may be in it: for the service's own account only.
    kept.mkdir(mode=0o700, parents=True)
    os.link(path, kept / path.name)
    (kept / _LIST).write_bytes(msgspec.json.format(msgspec.json.encode(_listed(report))))
    _sync(kept / path.name, kept / _LIST, kept)
    return kept


def _listed(report: JournalReport) -> dict[str, object]:
    damaged: Sequence[Damage] = report.damaged
    return {
        "journal": report.id,
        "positions": report.positions,
        "lost_records": report.lost_records,
        "damaged": [{"number": one.number, "why": one.why} for one in damaged],
    }


def _sync(*places: Path) -> None:
    """Let files, and the names in folders, be on disk when this returns."""
    for file in places:
        handle = os.open(file, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
