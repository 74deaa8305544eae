"""The embedded telemetry store: DuckDB files, one for each kind, resolution and period, appended from Arrow.

One process opens the folder. Writing goes one batch at a time; readers use cursors of their own and see the
last committed batch. A file is a transaction's limit: a batch that spans two periods is two commits, and one
that is cut short is written again by whoever wrote it, which changes nothing.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from devices.batch import ReadingBatch, reading_schema
from devices.refused import REFUSAL
from store.duckdb_base import above, translated
from store.duckdb_dump import event_rows, hours_of
from store.duckdb_events import insert_statement, stored_events
from store.duckdb_files import PartitionFile, period_ms
from store.duckdb_format import check_format
from store.duckdb_queries import Query, merge_statement, range_of, selected, windows_of
from store.duckdb_rollups import DuckdbRollups
from store.duckdb_tables import EVENTS, owners
from store.resolutions import Resolution
from store.row_keys import SAME_EVENT_MS, SEQUENCE_MODULUS, keyed, merged
from store.telemetry import RangeQuery, Selection, StoreStatus, TelemetryUnavailableError
from store.windows import WindowQuery, known_fields, known_kind, tidied

__all__ = ["DuckdbTelemetryStore"]

_RAW = Resolution.RAW
_MINUTE_NS = Resolution.MINUTE.length_ms * SEQUENCE_MODULUS


class DuckdbTelemetryStore(DuckdbRollups):
    """Readings and events in a folder of DuckDB files.

    Raises:
        TelemetryUnavailableError: a file cannot be opened, or another format version made the folder.
    """

    def write(self, batch: ReadingBatch) -> pl.DataFrame:
        """Store readings; a row of the same key merges its fields, the later value winning.

        Refused is, as by InfluxDB, what was so old when it came that its day may be dropped already: it would
        stand alone for a day of which all else is gone.

        Raises:
            TelemetryUnavailableError: DuckDB refused; what is stored of the batch may be written again.
        """
        kind = known_kind(batch.kind)
        kept, refused = self._in_time(batch.frame, kind.id)
        rows = merged(keyed(kept), kind).with_columns(pl.col("time_quality").cast(pl.String))
        for at_ms, part in _by_period(rows):
            starts_ms = (part["key"] // _MINUTE_NS * Resolution.MINUTE.length_ms).unique().to_list()
            with self._marking(_RAW, kind.id, at_ms, starts_ms) as (cursor, file):
                cursor.register("batch", part.to_arrow())
                # The bounds let DuckDB skip the row groups of other times, which are nearly all of them.
                cursor.execute(merge_statement(kind, file.rows), [part["key"].min(), part["key"].max()])
        return refused

    def write_events(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Store events by device and id; plates are left out. What is older than is kept is refused.

        An event without a good clock has another time each time that it comes: it is known again for a day.

        Raises:
            TelemetryUnavailableError: DuckDB refused; what is stored of the frame may be written again.
        """
        kept, refused = self._in_time(frame, EVENTS)
        single = kept.unique(["device", "id"], keep="first", maintain_order=True)
        rows = stored_events(single)
        days = rows.select(pl.coalesce("measured_at", "received_at").dt.epoch("ms") // period_ms(_RAW))
        for day, part in _parts(rows, days.to_series()):
            low_ms = day * period_ms(_RAW)
            with self._writing(EVENTS, _RAW, low_ms) as (cursor, file):
                cursor.register("batch", part.to_arrow())
                near = self._files.source(EVENTS, _RAW, low_ms - SAME_EVENT_MS, low_ms + 2 * SAME_EVENT_MS)
                cursor.execute(insert_statement(file.rows, near))
        return refused

    def range(self, query: RangeQuery) -> pl.DataFrame:
        """Columns device, measured_at, received_at, seq, time_quality and the fields asked for.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
            LookupError: a kind or field that no description knows.
        """
        fields = known_fields(known_kind(query.kind), query.fields)
        with self._reading() as cursor:
            source = self._files.source(query.kind, _RAW, query.from_ms, query.to_ms)
            found = _frame(cursor, range_of(query, fields, source))
        return found.with_columns(_in_utc("measured_at", "received_at"))

    def windows(self, query: WindowQuery) -> pl.DataFrame:
        """Columns device or area (as grouped), `window` (its start) and the fields, aggregated.

        From rollups where they say the same; `plan` says which.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        segments = self.plan(query)
        if {segment.resolution for segment in segments} != {_RAW}:
            return self._answered(query, segments)
        with self._reading() as cursor:
            source = self._files.source(query.kind, _RAW, query.from_ms, query.to_ms)
            return tidied(_frame(cursor, windows_of(query, source)), query)

    def export(self, selection: Selection, batch_rows: int = 50_000) -> Iterator[ReadingBatch]:
        """Everything selected, in batches of at most that many rows, as it was when the export began.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        kind = known_kind(selection.kind)
        types = reading_schema(kind.id)
        where = selected(selection)
        with self._reading() as cursor:
            source = self._files.source(kind.id, _RAW, selection.from_ms, selection.to_ms)
            text = f"SELECT {', '.join(types)} FROM {source} WHERE {where.text}"
            for batch in cursor.sql(text, params=where.values).to_arrow_reader(batch_rows):
                frame = pl.DataFrame(batch).with_columns(_in_utc("measured_at", "received_at"))
                yield ReadingBatch(kind.id, frame.cast(pl.Schema(types)))

    def export_events(self, from_ms: int, to_ms: int) -> pl.DataFrame:
        """The events of [`from_ms`, `to_ms`) in `EVENT_SCHEMA`; of what is not stored null, so no plates.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        with self._reading() as cursor:
            return event_rows(cursor, self._files.source(EVENTS, _RAW, from_ms, to_ms), from_ms, to_ms)

    def hours(self, name: str, resolution: Resolution = _RAW) -> pl.DataFrame:
        """Rows by hour of measuring, of a kind or of `events`; or a kind's rollups.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        with self._reading() as cursor:
            return hours_of(cursor, name, self._files.source(name, resolution))

    def delete_devices(self, devices: Sequence[str]) -> None:
        """Remove everything of these devices: readings and rollups of every kind, and events.

        Raises:
            TelemetryUnavailableError: DuckDB refused; some of it may be removed, and doing it again is right.
        """
        with self._write_lock:
            for file in self._files.all():
                with self._changing(file) as cursor:
                    condition = "device IN (SELECT unnest(?))"
                    cursor.execute(f"DELETE FROM {file.rows} WHERE {condition}", [list(devices)])

    def delete_before(self, before_ms: int, kinds: Sequence[str] = ()) -> None:
        """Remove readings measured before a moment, of these kinds; of all kinds, and events, where empty.

        Raises:
            TelemetryUnavailableError: DuckDB refused; some of it may be removed, and doing it again is right.
        """
        for owner in [known_kind(kind).id for kind in kinds] or owners():
            self.expire(_RAW, owner, before_ms)
            for file in self._files.of(owner, _RAW, to_ms=before_ms):
                with self._write_lock, self._changing(file) as cursor:
                    at = "coalesce(measured_at, received_at)" if owner == EVENTS else "measured_at"
                    cursor.execute(f"DELETE FROM {file.rows} WHERE epoch_ms({at}) < ?", [before_ms])

    def expire(self, resolution: Resolution, owner: str, before_ms: int) -> int:
        """Drop the whole periods that ended before a moment, of a kind or of events; how many there were.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        with self._write_lock, translated():
            old = [file for file in self._files.of(owner, resolution) if file.end_ms <= before_ms]
            for file in old:
                self._files.drop(file)
                if resolution is not Resolution.HOUR:
                    gone = self._marks.pending(above(resolution), owner, file.start_ms, file.end_ms)
                    self._marks.clear(gone)
        return len(old)

    def counts(self) -> dict[str, int]:
        """Stored rows: of readings by kind, and `events`.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        with self._reading() as cursor:
            return {owner: self._rows(cursor, self._files.of(owner, _RAW)) for owner in owners()}

    def status(self) -> StoreStatus:
        """Version, size, rows and newest time.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        newest: dict[str, int] = {}
        with self._reading() as cursor:
            for owner in owners():
                for file in reversed(self._files.of(owner, _RAW)):
                    at_ms = _number(cursor, f"SELECT epoch_ms(max(measured_at)) FROM {file.rows}")
                    if at_ms is not None:
                        newest[owner] = at_ms
                        break
        return StoreStatus(
            backend="DuckDB",
            version=duckdb.__version__,
            size_bytes=sum(file.size_bytes for file in self._files.all()),
            rows=self.counts(),
            newest_ms=newest,
            kept=[self._kept(resolution) for resolution in Resolution],
        )

    def compact(self, before_ms: int) -> int:
        """Put the rows of periods that ended before a moment in the order of devices; how many files it was.

        A question about one device then reads a few blocks of a file and not all. Writing goes on meanwhile.

        Raises:
            TelemetryUnavailableError: DuckDB refused; the files are as they were.
        """
        done = 0
        for file in self._files.all():
            if file.owner == EVENTS or file.version or file.end_ms > before_ms:
                continue
            with translated():
                done += self._compact(file)
        return done

    def copy_to(self, folder: Path) -> int:
        """A copy of every file that a store can be opened on, made while this one is written; its bytes.

        Each file is as it was at one moment, between two batches: writing waits while it is copied. Two
        files may be of different moments, as after a crash, which the writer's position makes good.

        Raises:
            TelemetryUnavailableError: DuckDB refused, or the folder cannot be written.
        """
        size_bytes = 0
        try:
            check_format(folder)
            for known in self._files.all():
                with self._write_lock, self._reading() as cursor:
                    for file in self._files.of(known.owner, known.resolution, known.start_ms, known.end_ms):
                        cursor.execute(f"CHECKPOINT {file.alias}")
                        for part in file.parts:
                            target = folder / part.relative_to(self._files.folder)
                            target.parent.mkdir(exist_ok=True)
                            shutil.copyfile(part, target)
                            size_bytes += target.stat().st_size
        except OSError as error:
            raise TelemetryUnavailableError(f"{str(folder)!r} cannot be written: {error}") from error
        return size_bytes

    def _in_time(self, frame: pl.DataFrame, owner: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What is not too old to be stored, and what is, with `REFUSAL`."""
        days = self._retention.kept_days(_RAW, owner)
        measured_ms, received_ms = (pl.col(name).dt.epoch("ms") for name in ("measured_at", "received_at"))
        if not days:
            return frame, _refused(frame.clear(), "")
        dropped_ms = (received_ms // period_ms(_RAW) - days) * period_ms(_RAW)
        is_old = frame.select((measured_ms < dropped_ms).fill_null(value=False)).to_series()
        if not is_old.any():
            return frame, _refused(frame.clear(), "")
        return frame.filter(~is_old), _refused(
            frame.filter(is_old), f"older than the {days} days that are kept"
        )

    def _compact(self, file: PartitionFile) -> bool:
        """Whether a file was put in order; not where it was written or dropped meanwhile."""
        with self._write_lock:  # a write under way is counted already, and its rows would not be in the copy
            before = self._writes.get(file.alias, 0)
        self._files.begin_copy(file, "device, key")
        with self._write_lock:
            if self._writes.get(file.alias, 0) != before or file not in self._files.all():
                self._files.drop_copy(file)
                return False
            self._files.finish_copy(file)
        return True

    def _rows(self, cursor: duckdb.DuckDBPyConnection, files: Iterable[PartitionFile]) -> int:
        return sum(_number(cursor, f"SELECT count(*) FROM {file.rows}") or 0 for file in files)


def _by_period(rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    """Rows by the period of their file, with its first moment."""
    length_ms = period_ms(_RAW)
    for number, part in _parts(rows, rows["key"] // (length_ms * SEQUENCE_MODULUS)):
        yield number * length_ms, part


def _parts(rows: pl.DataFrame, numbers: pl.Series) -> Iterator[tuple[int, pl.DataFrame]]:
    """Rows by their number; nearly always all have one."""
    found = numbers.unique().sort().to_list()
    if len(found) == 1:
        yield found[0], rows
        return
    for number in found:
        yield number, rows.filter(numbers == number)


def _frame(cursor: duckdb.DuckDBPyConnection, query: Query) -> pl.DataFrame:
    return pl.DataFrame(cursor.sql(query.text, params=query.values).to_arrow_table())


def _number(cursor: duckdb.DuckDBPyConnection, query: str) -> int | None:
    row: Any = cursor.execute(query).fetchone()
    return None if row[0] is None else int(row[0])


def _in_utc(*names: str) -> pl.Expr:
    return pl.col(*names).dt.replace_time_zone("UTC")


def _refused(frame: pl.DataFrame, why: str) -> pl.DataFrame:
    return frame.with_columns(pl.lit(why).alias(REFUSAL))
