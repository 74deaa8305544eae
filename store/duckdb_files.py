"""The embedded store's files: one for each kind, resolution and period, so that old time is dropped whole.

Deleting rows of one big file gives no space back; removing a file gives back all of it. A file's name says
what is in it: `streetlight/raw-2026-11-24.0.duckdb`, the day being the period's first (UTC) and the number
after it one more each time that the file was made anew in a better order. Files are made aside and moved into
place when they are whole, so that a process that is killed leaves none that is half done.
"""

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from store.duckdb_tables import ROWS, columns_of, owners
from store.resolutions import Resolution

__all__ = ["LONG_DAYS", "PartitionFile", "PartitionFiles", "period_ms"]

_DAY_MS = 86_400_000
# As many files as a process may have open, and as much unsorted time at the end as a question can scan.
_PERIOD_DAYS = {Resolution.RAW: 1, Resolution.MINUTE: 7, Resolution.HOUR: 91}
# Of readings that are kept for years, days would be more files than a process may have open.
LONG_DAYS = 28
_STEMS = {
    "raw": (Resolution.RAW, 1), "raw28": (Resolution.RAW, LONG_DAYS),
    "minute": (Resolution.MINUTE, 7), "hour": (Resolution.HOUR, 91),
}  # fmt: skip
_NAME = re.compile(r"([a-z0-9]+)-(\d{4}-\d\d-\d\d)\.(\d+)\.duckdb")
_UNFINISHED = ".new"
_Period = tuple[Resolution, int]
"""What a file holds, and of how many days."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def period_ms(resolution: Resolution) -> int:
    """How much time one file holds."""
    return _PERIOD_DAYS[resolution] * _DAY_MS


@dataclass(frozen=True, kw_only=True)
class PartitionFile:
    """One file, known to DuckDB as `alias`."""

    owner: str
    resolution: Resolution
    days: int
    start_ms: int
    version: int
    path: Path
    alias: str

    @property
    def end_ms(self) -> int:
        """The end of its period, exclusive."""
        return self.start_ms + self.days * _DAY_MS

    @property
    def rows(self) -> str:
        """Its table of rows, for SQL."""
        return f"{self.alias}.{ROWS}"

    @property
    def marks(self) -> str:
        """Its table of windows whose rollup is not what its rows say, for SQL."""
        return f"{self.alias}.marks"

    @property
    def parts(self) -> list[Path]:
        """The file itself and, where there is one, the log beside it of what is not yet merged into it."""
        return [self.path, *filter(Path.exists, [self.path.with_name(f"{self.path.name}.wal")])]

    @property
    def size_bytes(self) -> int:
        """What it takes on disk."""
        sizes = 0
        for part in self.parts:
            with suppress(FileNotFoundError):  # merged or dropped since it was seen
                sizes += part.stat().st_size
        return sizes


class PartitionFiles:
    """All files of a folder, attached to one DuckDB.

    The caller sees to it that one thread at a time makes, replaces or drops files; any may look them up.

    Raises:
        duckdb.Error: one of them cannot be opened.
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: Path, memory_limit_mb: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = duckdb.connect(
            ":memory:",
            config={"memory_limit": f"{memory_limit_mb}MB", "temp_directory": str(folder / "sorting")},
        )
        self._lock = threading.Lock()
        self._files: dict[tuple[str, Resolution, int], PartitionFile] = {}
        self._retired: list[PartitionFile] = []
        self._readers = 0
        self._aliases = 0
        try:
            self._make_empty_tables()
            self._attach_what_is_there()
        except BaseException:
            self.connection.close()
            raise

    def of(
        self, owner: str, resolution: Resolution, from_ms: int | None = None, to_ms: int | None = None
    ) -> list[PartitionFile]:
        """The files that may hold something of [`from_ms`, `to_ms`), in the order of time."""
        with self._lock:
            found = [
                file
                for file in self._files.values()
                if (file.owner, file.resolution) == (owner, resolution)
                and (to_ms is None or file.start_ms < to_ms)
                and (from_ms is None or file.end_ms > from_ms)
            ]
        return sorted(found, key=lambda file: file.start_ms)

    def all(self) -> list[PartitionFile]:
        """Every file."""
        with self._lock:
            return list(self._files.values())

    def source(
        self, owner: str, resolution: Resolution, from_ms: int | None = None, to_ms: int | None = None
    ) -> str:
        """The rows of those files as one relation, for SQL; to be used while `using`."""
        names = ", ".join(columns_of(owner, resolution))
        tables = [_template(owner, resolution)]
        tables += [file.rows for file in self.of(owner, resolution, from_ms, to_ms)]
        return f"({' UNION ALL '.join(f'SELECT {names} FROM {table}' for table in tables)})"

    @contextmanager
    def using(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor; no file that was there when it was made goes away from under it."""
        with self._lock:
            self._readers += 1
        try:
            with self.connection.cursor() as cursor:
                yield cursor
        finally:
            self._leave()

    def for_writing(
        self, owner: str, resolution: Resolution, at_ms: int, *, is_long: bool = False
    ) -> PartitionFile:
        """The file of a moment, made where it is missing; of a longer period if `is_long` and it can."""
        for found in self.of(owner, resolution, at_ms, at_ms + 1):
            return found
        days = LONG_DAYS if is_long else _PERIOD_DAYS[resolution]
        start_ms = at_ms // (days * _DAY_MS) * days * _DAY_MS
        if is_long and self.of(owner, resolution, start_ms, start_ms + days * _DAY_MS):
            return self.for_writing(owner, resolution, at_ms)
        path = self._path(owner, (resolution, days), start_ms, 0)
        path.parent.mkdir(exist_ok=True)
        with self._made(path) as alias:
            self._create(alias, owner, resolution)
        return self._attach(owner, (resolution, days), start_ms, 0)

    def drop(self, file: PartitionFile) -> None:
        """Remove a file; its space is free at once, or when the last reader that uses it has finished."""
        with self._lock:
            del self._files[file.owner, file.resolution, file.start_ms]
        self._retire(file)

    def begin_copy(self, file: PartitionFile, order: str) -> None:
        """Make a copy of a file aside, in another order of rows; what is written meanwhile is not in it."""
        path = self._path(file.owner, (file.resolution, file.days), file.start_ms, file.version + 1)
        names = ", ".join(columns_of(file.owner, file.resolution))
        with self._made(path, finish=False) as alias:
            self._create(alias, file.owner, file.resolution)
            with self.using() as cursor:
                cursor.execute(
                    f"INSERT INTO {alias}.{ROWS} ({names}) SELECT {names} FROM {file.rows} ORDER BY {order}"
                )
                cursor.execute(f"INSERT INTO {alias}.marks SELECT * FROM {file.marks}")

    def finish_copy(self, file: PartitionFile) -> PartitionFile:
        """Put the copy in a file's place."""
        path = self._path(file.owner, (file.resolution, file.days), file.start_ms, file.version + 1)
        _move(_unfinished(path), path)
        try:
            # In one step for whoever asks: a question between two would miss the whole period.
            made = self._attach(file.owner, (file.resolution, file.days), file.start_ms, file.version + 1)
        except BaseException:
            path.unlink()  # or the next start would take it for the better one, without what is written now
            raise
        self._retire(file)
        return made

    def drop_copy(self, file: PartitionFile) -> None:
        """Forget the copy."""
        _unfinished(
            self._path(file.owner, (file.resolution, file.days), file.start_ms, file.version + 1)
        ).unlink()

    def close(self) -> None:
        """Write everything to the files and release them; idempotent."""
        for file in self.all():
            if len(file.parts) > 1:
                self.connection.execute(f"CHECKPOINT {file.alias}")
        with self._lock:
            self._files.clear()
        self.connection.close()

    def _make_empty_tables(self) -> None:
        """A table without rows for every kind, so that a question without files has its columns."""
        for owner in owners():
            for resolution in _resolutions(owner):
                columns = _declared(owner, resolution)
                self.connection.execute(f"CREATE TABLE {_template(owner, resolution)} ({columns})")

    def _attach_what_is_there(self) -> None:
        self._clear_what_was_left()
        for owner in owners():
            newest: dict[tuple[_Period, int], int] = {}
            for path in (self.folder / owner).glob("*.duckdb"):
                period, start_ms, version = _read_name(path)
                newest[period, start_ms] = max(version, newest.get((period, start_ms), 0))
            for path in (self.folder / owner).glob("*.duckdb"):
                period, start_ms, version = _read_name(path)
                if version < newest[period, start_ms]:  # killed just after its better copy was in place
                    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
                    path.unlink()
            for (period, start_ms), version in newest.items():
                self._attach(owner, period, start_ms, version)
        self._add_missing_columns()

    def _clear_what_was_left(self) -> None:
        """Remove what a killed process left: unfinished files, and logs whose file is gone."""
        for unfinished in self.folder.glob(f"*/*{_UNFINISHED}*"):
            unfinished.unlink()
        for log in self.folder.glob("*/*.duckdb.wal"):
            if not log.with_suffix("").exists():  # or the next file of that name could not be opened
                log.unlink()

    def _add_missing_columns(self) -> None:
        """Give older files a column for each field that a kind gained since."""
        there: dict[str, set[str]] = {}
        found = "SELECT database_name, column_name FROM duckdb_columns() WHERE table_name = ?"
        for alias, name in self.connection.execute(found, [ROWS]).fetchall():
            there.setdefault(alias, set()).add(name)
        for file in self._files.values():
            for name, kind in columns_of(file.owner, file.resolution).items():
                if name not in there.get(file.alias, ()):
                    self.connection.execute(f"ALTER TABLE {file.rows} ADD COLUMN {name} {kind}")

    def _attach(self, owner: str, period: _Period, start_ms: int, version: int) -> PartitionFile:
        path, (resolution, days) = self._path(owner, period, start_ms, version), period
        alias = self._new_alias()
        with self.connection.cursor() as cursor:
            cursor.execute(f"ATTACH '{_quoted(path)}' AS {alias}")
        file = PartitionFile(
            owner=owner,
            resolution=resolution,
            days=days,
            start_ms=start_ms,
            version=version,
            path=path,
            alias=alias,
        )
        with self._lock:
            self._files[owner, resolution, start_ms] = file
        return file

    def _retire(self, file: PartitionFile) -> None:
        """Remove a file that nobody finds any more."""
        for part in file.parts:
            part.unlink()
        # Only now: a reader that lets go of it would take its log away under our hands.
        with self._lock:
            self._retired.append(file)
        self._leave(0)

    @contextmanager
    def _made(self, path: Path, *, finish: bool = True) -> Iterator[str]:
        """A database aside, under its alias; moved into place when it is whole and `finish`."""
        aside, alias = _unfinished(path), self._new_alias()
        aside.unlink(missing_ok=True)
        with self.connection.cursor() as cursor:
            cursor.execute(f"ATTACH '{_quoted(aside)}' AS {alias}")
            try:
                yield alias
                cursor.execute(f"CHECKPOINT {alias}")
            finally:
                cursor.execute(f"DETACH {alias}")
        if finish:
            _move(aside, path)

    def _create(self, alias: str, owner: str, resolution: Resolution) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {alias}.{ROWS} ({_declared(owner, resolution)})")
            cursor.execute(f"CREATE TABLE {alias}.marks (start_ms BIGINT)")

    def _new_alias(self) -> str:
        with self._lock:
            self._aliases += 1
            return f"p{self._aliases}"

    def _leave(self, readers: int = 1) -> None:
        """Count readers down; the last one lets go of what was dropped meanwhile."""
        with self._lock:
            self._readers -= readers
            retired = self._retired if self._readers == 0 else []
            if retired:
                self._retired = []
                with self.connection.cursor() as cursor:
                    for file in retired:
                        cursor.execute(f"DETACH {file.alias}")

    def _path(self, owner: str, period: _Period, start_ms: int, version: int) -> Path:
        day = (_EPOCH + timedelta(milliseconds=start_ms)).strftime("%Y-%m-%d")
        stem = next(stem for stem, known in _STEMS.items() if known == period)
        return self.folder / owner / f"{stem}-{day}.{version}.duckdb"


def _resolutions(owner: str) -> Sequence[Resolution]:
    return [resolution for resolution in Resolution if columns_of(owner, resolution)]


def _template(owner: str, resolution: Resolution) -> str:
    return f'memory."{owner}:{resolution}"'


def _declared(owner: str, resolution: Resolution) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in columns_of(owner, resolution).items())


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}{_UNFINISHED}")


def _move(aside: Path, path: Path) -> None:
    """Put a whole file into place, so that it is there after a loss of power too."""
    aside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _read_name(path: Path) -> tuple[_Period, int, int]:
    """Period, first moment and version that a file's name says.

    Raises:
        OSError: it is not one of ours.
    """
    match = _NAME.fullmatch(path.name)
    if match is None or match[1] not in _STEMS:
        raise OSError(f"{str(path)!r} is not named like a file of telemetry; move it away")
    start = datetime.fromisoformat(match[2]).replace(tzinfo=UTC)
    return _STEMS[match[1]], round(start.timestamp()) * 1000, int(match[3])
