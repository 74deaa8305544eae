"""What reading and writing the embedded store's files have in common: cursors, transactions, marks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from store.duckdb_files import PartitionFile, PartitionFiles
from store.duckdb_format import check_format
from store.duckdb_tables import owners
from store.resolutions import Resolution
from store.retention import KEPT_FOR_GOOD, Retention
from store.rollups.marks import MarkBook
from store.telemetry import TelemetryUnavailableError

__all__ = ["DuckdbBase", "above", "translated"]

_MOST_DAY_FILES = 100


class DuckdbBase:
    """A folder of DuckDB files, opened.

    Raises:
        TelemetryUnavailableError: a file cannot be opened, or another format version made the folder.
    """

    def __init__(
        self, folder: Path, retention: Retention | None = None, memory_limit_mb: int = 1_024
    ) -> None:
        self._retention = retention or KEPT_FOR_GOOD
        self._in_long_files = frozenset() if retention is None else _kept_longer(retention)
        self._write_lock = threading.RLock()
        self._marks = MarkBook()
        self._closed = False
        self._writes: dict[str, int] = {}
        try:
            check_format(folder)
            self._files = PartitionFiles(folder, memory_limit_mb)
            self._load_marks()
        except (duckdb.Error, OSError) as error:
            raise TelemetryUnavailableError(f"DuckDB cannot open {str(folder)!r}: {error}") from error

    def close(self) -> None:
        """Write everything to the files and release them; idempotent."""
        with self._write_lock:
            if not self._closed:
                self._closed = True
                self._files.close()

    def _load_marks(self) -> None:
        with self._files.using() as cursor:
            for file in self._files.all():
                found = cursor.execute(f"SELECT start_ms FROM {file.marks}").fetchall()
                self._marks.set(above(file.resolution), file.owner, [start_ms for (start_ms,) in found])

    def _mark(self, cursor: duckdb.DuckDBPyConnection, file: PartitionFile, starts_ms: list[int]) -> None:
        """Note durably, in the transaction of the rows, that windows above them are to be summed up anew."""
        missing = self._marks.missing(above(file.resolution), file.owner, starts_ms)
        if missing:
            cursor.execute(f"INSERT INTO {file.marks} SELECT unnest(?)", [missing])

    @contextmanager
    def _marking(
        self, resolution: Resolution, owner: str, at_ms: int, starts_ms: list[int]
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, PartitionFile]]:
        """As `_writing`, with windows above marked in the same transaction and, behind it, in memory.

        Nobody settles a mark between the two: it would be gone from the file and stand in memory only.
        """
        with self._write_lock:
            with self._writing(owner, resolution, at_ms) as (cursor, file):
                yield cursor, file
                self._mark(cursor, file, starts_ms)
            self._marks.set(above(resolution), owner, starts_ms)

    @contextmanager
    def _writing(
        self, owner: str, resolution: Resolution, at_ms: int
    ) -> Iterator[tuple[duckdb.DuckDBPyConnection, PartitionFile]]:
        """A cursor in a transaction of its own on the file of a moment; one writer at a time."""
        with self._write_lock, translated():
            is_long = resolution is Resolution.RAW and owner in self._in_long_files
            file = self._files.for_writing(owner, resolution, at_ms, is_long=is_long)
            with self._changing(file) as cursor:
                yield cursor, file

    @contextmanager
    def _changing(self, file: PartitionFile) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in a transaction of its own, for one who holds the write lock."""
        self._writes[file.alias] = self._writes.get(file.alias, 0) + 1
        with self._reading() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                cursor.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own, DuckDB's errors as the port's."""
        with translated(), self._files.using() as cursor:
            yield cursor


@contextmanager
def translated() -> Iterator[None]:
    """DuckDB's errors as the port's."""
    try:
        yield
    except duckdb.Error as error:
        raise TelemetryUnavailableError(f"DuckDB refused: {error}") from error


def _kept_longer(retention: Retention) -> frozenset[str]:
    """Whose readings are kept for so long that a file for each day would be too many."""
    days = {owner: retention.kept_days(Resolution.RAW, owner) for owner in owners()}
    return frozenset(owner for owner, kept in days.items() if not 0 < kept <= _MOST_DAY_FILES)


def above(resolution: Resolution) -> Resolution:
    """What is made from a resolution; nothing is from hours, whose files have no marks."""
    return Resolution.MINUTE if resolution is Resolution.RAW else Resolution.HOUR
