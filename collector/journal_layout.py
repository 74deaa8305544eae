"""How the journal lies in its SQLite file: tables, and the checksums that make damage seen."""

import sqlite3
import zlib

__all__ = ["FORMAT", "INSERT_ENTRY", "SCHEMA", "entry_checksum", "sealed", "write_seal"]

FORMAT = 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again, also after a purge
    type TEXT NOT NULL,
    messages INTEGER NOT NULL,  -- of the whole commit, on its first entry
    to_write INTEGER NOT NULL,  -- records that the telemetry store must take
    checksum INTEGER NOT NULL,  -- of everything else in the row
    body BLOB NOT NULL
);
-- What is pending is asked often, and must not read the bodies of an outage's backlog.
CREATE INDEX IF NOT EXISTS entries_to_write ON entries (number, to_write);
CREATE TABLE IF NOT EXISTS tallies (
    fate TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (fate, reason)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consumers (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
"""
INSERT_ENTRY = (
    "INSERT INTO entries (number, type, messages, to_write, body, checksum) VALUES (?, ?, ?, ?, ?, ?)"
)
_SEALED = (
    "SELECT name, value FROM meta WHERE name <> 'seal' ORDER BY name",
    "SELECT name, number FROM consumers ORDER BY name",
    "SELECT fate, reason, count FROM tallies ORDER BY fate, reason",
    "SELECT seq FROM sqlite_sequence WHERE name = 'entries'",
)
"""All that is not an entry: one checksum over it goes with every commit."""


def sealed(connection: sqlite3.Connection) -> str:
    """The checksum over all that is not an entry."""
    rows = [connection.execute(query).fetchall() for query in _SEALED]
    return f"{zlib.crc32(repr(rows).encode()):08x}"


def write_seal(connection: sqlite3.Connection) -> None:
    """Note the checksum over all that is not an entry; the last thing in each commit."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('seal', ?)", (sealed(connection),))


def entry_checksum(number: int, name: str, messages: int, to_write: int, body: bytes) -> int | None:
    """The checksum of an entry with everything that is said of it; None where it cannot have one."""
    if not isinstance(body, bytes):
        return None  # a damaged row may have a column of any type
    return zlib.crc32(body, zlib.crc32(repr((number, name, messages, to_write)).encode()))
