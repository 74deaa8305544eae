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

from devices.batch import READING_COLUMNS, ReadingBatch, reading_schema
from devices.catalogue import kinds as all_kinds
from devices.description import DeviceKind
from devices.refused import REFUSAL
from store.duckdb_dump import event_rows, hours_of
from store.duckdb_queries import Query, range_of, selected, windows_of
from store.row_keys import SEQUENCE_MODULUS, keyed, merged
from store.telemetry import RangeQuery, Selection, StoreStatus, TelemetryUnavailableError
from store.windows import WindowQuery, known_fields, known_kind, tidied

__all__ = ["DuckdbTelemetryStore"]

_TYPES = {"float": "DOUBLE", "int": "BIGINT", "bool": "BOOLEAN", "text": "VARCHAR"}
_COMMON = (*READING_COLUMNS, "key")
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

    def write(self, batch: ReadingBatch) -> pl.DataFrame:
        """Store readings; a row of the same key merges its fields, the later value winning. None is refused.

        Raises:
            TelemetryUnavailableError: DuckDB refused; nothing of the batch is stored.
        """
        kind = known_kind(batch.kind)
        rows = merged(keyed(batch.frame), kind).with_columns(pl.col("time_quality").cast(pl.String))
        if rows.is_empty():
            return _none_of(batch.frame)
        with self._writing() as cursor:
            cursor.register("batch", rows.to_arrow())
            # The bounds let DuckDB skip the row groups of other times, which are nearly all of them.
            cursor.execute(_merge_statement(kind), [rows["key"].min(), rows["key"].max()])
        return _none_of(batch.frame)

    def write_events(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Store events by device and id; plates are left out. None is refused.

        Raises:
            TelemetryUnavailableError: DuckDB refused; nothing of the frame is stored.
        """
        if frame.is_empty():
            return _none_of(frame)
        with self._writing() as cursor:
            single = frame.unique(["device", "id"], keep="first", maintain_order=True)
            cursor.register("batch", _without_plates(single).to_arrow())
            names = ", ".join(_EVENT_COLUMNS)
            # Not by time as well: that of an event without a good clock is when it came, each time anew.
            cursor.execute(
                f"INSERT INTO events ({names}) SELECT {names} FROM batch b"
                " WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.id = b.id AND e.device = b.device)"
            )
        return _none_of(frame)

    def range(self, query: RangeQuery) -> pl.DataFrame:
        """Columns device, measured_at, received_at, seq, time_quality and the fields asked for.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
            LookupError: a kind or field that no description knows.
        """
        fields = known_fields(known_kind(query.kind), query.fields)
        found = self._frame(range_of(query, fields))
        return found.with_columns(_in_utc("measured_at", "received_at"))

    def windows(self, query: WindowQuery) -> pl.DataFrame:
        """Columns device or area (as grouped), `window` (its start) and the fields, aggregated.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        return tidied(self._frame(windows_of(query)), query)

    def export(self, selection: Selection, batch_rows: int = 50_000) -> Iterator[ReadingBatch]:
        """Everything selected, in batches of at most that many rows, as it was when the export began.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        kind = known_kind(selection.kind)
        types = reading_schema(kind.id)
        columns = ", ".join(types)
        where = selected(selection)
        with self._reading() as cursor:
            found = cursor.sql(f"SELECT {columns} FROM {kind.table} WHERE {where.text}", params=where.values)
            for batch in found.to_arrow_reader(batch_rows):
                frame = pl.DataFrame(batch).with_columns(_in_utc("measured_at", "received_at"))
                yield ReadingBatch(kind.id, frame.cast(pl.Schema(types)))

    def export_events(self, from_ms: int, to_ms: int) -> pl.DataFrame:
        """The events of [`from_ms`, `to_ms`) in `EVENT_SCHEMA`; of what is not stored null, so no plates.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        with self._reading() as cursor:
            return event_rows(cursor, from_ms, to_ms)

    def hours(self, name: str) -> pl.DataFrame:
        """Rows by hour of measuring, of a kind or of `events`.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        with self._reading() as cursor:
            return hours_of(cursor, _tables()[name])

    def delete_devices(self, devices: Sequence[str]) -> None:
        """Remove everything of these devices: readings of every kind, and events.

        Raises:
            TelemetryUnavailableError: DuckDB refused; nothing was removed.
        """
        with self._writing() as cursor:
            for table in _tables().values():
                cursor.execute(f"DELETE FROM {table} WHERE device IN (SELECT unnest(?))", [list(devices)])

    def delete_before(self, before_ms: int, kinds: Sequence[str] = ()) -> None:
        """Remove readings measured before a moment, of these kinds; of all kinds, and events, where empty.

        Raises:
            TelemetryUnavailableError: DuckDB refused; nothing was removed.
        """
        tables = [known_kind(kind).table for kind in kinds] or [kind.table for kind in all_kinds().values()]
        with self._writing() as cursor:
            for table in tables:
                cursor.execute(f"DELETE FROM {table} WHERE key < ?", [before_ms * SEQUENCE_MODULUS])
            if not kinds:
                cursor.execute("DELETE FROM events WHERE epoch_ms(measured_at) < ?", [before_ms])

    def counts(self) -> dict[str, int]:
        """Stored rows: by kind, and `events`.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        with self._reading() as cursor:
            return {name: _number(cursor, f"SELECT count(*) FROM {t}") or 0 for name, t in _tables().items()}

    def status(self) -> StoreStatus:
        """Version, size, rows and newest time.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        newest = "SELECT epoch_ms(max(measured_at)) FROM"
        with self._reading() as cursor:
            times = {name: _number(cursor, f"{newest} {table}") for name, table in _tables().items()}
        return StoreStatus(
            backend="DuckDB",
            version=duckdb.__version__,
            size_bytes=self._path.stat().st_size,
            rows=self.counts(),
            newest_ms={name: at_ms for name, at_ms in times.items() if at_ms is not None},
        )

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
        for kind in all_kinds().values():
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

    def _frame(self, query: Query) -> pl.DataFrame:
        with self._reading() as cursor:
            return pl.DataFrame(cursor.sql(query.text, params=query.values).to_arrow_table())

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own, DuckDB's errors as the port's."""
        try:
            with self._connection.cursor() as cursor:
                yield cursor
        except duckdb.Error as error:
            raise TelemetryUnavailableError(f"DuckDB refused: {error}") from error


def _merge_statement(kind: DeviceKind) -> str:
    """Idempotent write of `batch` into a kind's table; parameters are the batch's lowest and highest key."""
    names = (*_COMMON, *kind.field_names)
    later = [name for name in names if name not in {"device", "area", "key", "measured_at"}]
    update = ", ".join(f"{name} = coalesce(b.{name}, t.{name})" for name in later)
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


def _number(cursor: duckdb.DuckDBPyConnection, query: str) -> int | None:
    row: Any = cursor.execute(query).fetchone()
    return None if row[0] is None else int(row[0])


def _tables() -> dict[str, str]:
    """Table by the name that it has in `counts`."""
    return {kind.id: kind.table for kind in all_kinds().values()} | {"events": "events"}


def _in_utc(*names: str) -> pl.Expr:
    return pl.col(*names).dt.replace_time_zone("UTC")


def _none_of(frame: pl.DataFrame) -> pl.DataFrame:
    """What was refused: nothing."""
    return frame.clear().with_columns(pl.lit("").alias(REFUSAL))
