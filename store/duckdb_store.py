"""The embedded telemetry store: one DuckDB file, one table for each kind, appended from Arrow.

One process opens the file. Writing goes through one connection; readers use cursors of their own and see
the last committed batch.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from devices.batch import ReadingBatch
from devices.catalogue import kinds
from devices.description import DeviceKind
from store.telemetry import RangeQuery, TelemetryUnavailableError

__all__ = ["DuckdbTelemetryStore"]

_TYPES = {"float": "DOUBLE", "int": "BIGINT", "bool": "BOOLEAN", "text": "VARCHAR"}
_SEQUENCE_MODULUS = 1_000_000
_COMMON = ("device", "area", "key", "measured_at", "received_at", "device_time", "seq", "time_quality")
_FORMAT = 1
_EVENT_COLUMNS = (
    "id", "device", "area", "kind", "type", "measured_at", "received_at", "time_quality", "lane", "direction",
    "signal", "red_elapsed_s", "vehicles", "images", "programme", "source", "phase", "result", "detail",
)  # fmt: skip


class DuckdbTelemetryStore:
    """Readings and events in one DuckDB file.

    Raises:
        TelemetryUnavailableError: the file cannot be opened, or another format version made it.
    """

    def __init__(self, path: Path, memory_limit_mb: int = 1_024) -> None:
        self._path = path
        self._write_lock = threading.Lock()
        try:
            self._connection = duckdb.connect(str(path), config={"memory_limit": f"{memory_limit_mb}MB"})
            self._create_tables()
        except duckdb.Error as error:
            raise TelemetryUnavailableError(f"DuckDB cannot open {str(path)!r}: {error}") from error

    def write(self, batch: ReadingBatch) -> None:
        """Store readings; a row of the same key merges its fields, the later value winning.

        Raises:
            TelemetryUnavailableError: DuckDB refused; nothing of the batch is stored.
        """
        kind = kinds()[batch.kind]
        rows = _merged(_keyed(batch.frame), kind)
        if rows.is_empty():
            return
        with self._writing() as cursor:
            cursor.register("batch", rows.to_arrow())
            # The bounds let DuckDB skip the row groups of other times, which are nearly all of them.
            cursor.execute(_merge_statement(kind), [rows["key"].min(), rows["key"].max()])

    def write_events(self, frame: pl.DataFrame) -> None:
        """Store events by device and id; plates are left out.

        Raises:
            TelemetryUnavailableError: DuckDB refused; nothing of the frame is stored.
        """
        if frame.is_empty():
            return
        with self._writing() as cursor:
            single = frame.unique(["device", "id"], keep="first", maintain_order=True)
            cursor.register("batch", _without_plates(single).to_arrow())
            names = ", ".join(_EVENT_COLUMNS)
            # Not by time as well: that of an event without a good clock is when it came, each time anew.
            cursor.execute(
                f"INSERT INTO events ({names}) SELECT {names} FROM batch b"
                " WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = b.id AND e.device = b.device)"
            )

    def range(self, query: RangeQuery) -> pl.DataFrame:
        """Columns device, measured_at, received_at, seq, time_quality and the fields asked for.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
            LookupError: a kind or field that no description knows.
        """
        kind = kinds()[query.kind]
        fields = tuple(query.fields) or kind.field_names
        unknown = set(fields) - set(kind.field_names)
        if unknown:
            raise LookupError(
                f"a {kind.id} has no field {sorted(unknown)!r}; known: {', '.join(kind.field_names)}"
            )
        columns = ", ".join(("device", "measured_at", "received_at", "seq", "time_quality", *fields))
        with self._reading() as cursor:
            found = cursor.sql(
                f"SELECT {columns} FROM {kind.table} WHERE device IN (SELECT unnest($devices))"
                " AND key >= $low AND key < $high ORDER BY device, key LIMIT $limit",
                params={
                    "devices": list(query.devices),
                    "low": query.from_ms * _SEQUENCE_MODULUS,
                    "high": query.to_ms * _SEQUENCE_MODULUS,
                    "limit": query.limit,
                },
            ).to_arrow_table()
        times = [pl.col(name).dt.replace_time_zone("UTC") for name in ("measured_at", "received_at")]
        return pl.DataFrame(found).with_columns(times)

    def counts(self) -> dict[str, int]:
        """Stored rows: by kind, and `events`.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        tables = {kind.id: kind.table for kind in kinds().values()} | {"events": "events"}
        with self._reading() as cursor:
            return {name: _count(cursor, table) for name, table in tables.items()}

    def close(self) -> None:
        """Write everything to the file and release it; idempotent."""
        with self._write_lock:
            self._connection.close()

    def _create_tables(self) -> None:
        """Make what is missing, and a column for each field that a kind gained since.

        Raises:
            TelemetryUnavailableError: another format version made the file.
        """
        execute = self._connection.execute
        execute("CREATE TABLE IF NOT EXISTS meta (name VARCHAR, value VARCHAR)")
        if not execute("SELECT 1 FROM meta").fetchone():
            execute("INSERT INTO meta VALUES ('format', ?)", [str(_FORMAT)])
        found = execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
        if found != (str(_FORMAT),):
            raise TelemetryUnavailableError(
                f"{str(self._path)!r} has format {found}, this version reads {_FORMAT}"
            )
        for kind in kinds().values():
            execute(
                f"CREATE TABLE IF NOT EXISTS {kind.table} (device VARCHAR, area VARCHAR, key BIGINT,"
                " measured_at TIMESTAMP_MS, received_at TIMESTAMP_MS, device_time BIGINT, seq BIGINT,"
                " time_quality VARCHAR)"
            )
            for field in kind.fields:
                execute(
                    f"ALTER TABLE {kind.table} ADD COLUMN IF NOT EXISTS {field.name} {_TYPES[field.value]}"
                )
        execute(
            "CREATE TABLE IF NOT EXISTS events (id VARCHAR, device VARCHAR, area VARCHAR, kind VARCHAR,"
            " type VARCHAR, measured_at TIMESTAMP_MS, received_at TIMESTAMP_MS, time_quality VARCHAR,"
            " lane BIGINT, direction VARCHAR, signal VARCHAR, red_elapsed_s DOUBLE,"
            " vehicles STRUCT(vehicle_class VARCHAR, colour VARCHAR, speed_kmh DOUBLE, helmet BOOLEAN,"
            " riders BIGINT)[], images STRUCT(role VARCHAR, url VARCHAR, sha256 VARCHAR)[],"
            " programme VARCHAR, source VARCHAR, phase VARCHAR, result VARCHAR, detail VARCHAR)"
        )

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor in a transaction of its own; one writer at a time."""
        with self._write_lock, self._reading() as cursor:
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
        try:
            with self._connection.cursor() as cursor:
                yield cursor
        except duckdb.Error as error:
            raise TelemetryUnavailableError(f"DuckDB refused: {error}") from error


def _keyed(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the row key: measured time in ns, of which the sequence fills the last six digits."""
    sequence = pl.col("seq").fill_null(0) % _SEQUENCE_MODULUS
    return frame.with_columns(
        key=pl.col("measured_at").dt.epoch("ms") * _SEQUENCE_MODULUS + sequence,
        time_quality=pl.col("time_quality").cast(pl.String),
    )


def _merged(frame: pl.DataFrame, kind: DeviceKind) -> pl.DataFrame:
    """One row a key: where a batch holds the same key twice, its later values stand."""
    if not frame.select(pl.struct("device", "key").is_duplicated().any()).item():
        return frame
    last = [pl.col(name).last() for name in _COMMON if name not in {"device", "key"}]
    values = [pl.col(name).drop_nulls().last() for name in kind.field_names]
    return frame.group_by("device", "key", maintain_order=True).agg(*last, *values)


def _merge_statement(kind: DeviceKind) -> str:
    """Idempotent write of `batch` into a kind's table; parameters are the batch's lowest and highest key."""
    names: Sequence[str] = (*_COMMON, *kind.field_names)
    update = ", ".join(f"{name} = coalesce(b.{name}, t.{name})" for name in kind.field_names)
    return (
        f"MERGE INTO {kind.table} t USING batch b"
        " ON (t.key BETWEEN ? AND ? AND t.key = b.key AND t.device = b.device)"
        f" WHEN MATCHED THEN UPDATE SET {update}"
        f" WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({', '.join(f'b.{n}' for n in names)})"
    )


def _without_plates(frame: pl.DataFrame) -> pl.DataFrame:
    """Events with the members of vehicles that say nothing about a person."""
    kept = ("vehicle_class", "colour", "speed_kmh", "helmet", "riders")
    vehicle = pl.struct([pl.element().struct.field(name) for name in kept])
    return frame.with_columns(
        vehicles=pl.col("vehicles").list.eval(vehicle), time_quality=pl.col("time_quality").cast(pl.String)
    ).select(_EVENT_COLUMNS)


def _count(cursor: duckdb.DuckDBPyConnection, table: str) -> int:
    row: Any = cursor.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0])
