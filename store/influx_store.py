"""Readings and events in InfluxDB 2.x: line protocol in, InfluxQL out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from devices.batch import ReadingBatch
from devices.catalogue import kinds as all_kinds
from devices.topics import DEVICE_ID
from store.influx_events import EVENT_COLUMNS, events, hourly
from store.influx_frames import STORED, exported, ranged, windowed
from store.influx_rollups import FIRST, InfluxRollups, just_before
from store.influxql import (
    Series,
    all_events,
    all_of,
    event_ids,
    one_value,
    range_of,
    rows_by_time,
    summed,
    windows_of,
)
from store.line_protocol import EVENTS, event_lines, reading_lines
from store.resolutions import Resolution
from store.row_keys import SAME_EVENT_MS, SEQUENCE_MODULUS, keyed, merged
from store.telemetry import HOUR_MS, RangeQuery, Selection, StoreStatus
from store.windows import WindowQuery, known_fields, known_kind, tidied

__all__ = ["InfluxTelemetryStore"]

_DEVICES_A_QUESTION = 200
_RAW = Resolution.RAW
_MARKS_AT_ONCE = 10_000
_MINUTE_NS = Resolution.MINUTE.length_ms * SEQUENCE_MODULUS
_LAST = "2200-01-01T00:00:00Z"


class InfluxTelemetryStore(InfluxRollups):
    """Readings, events and rollups in buckets, which `ioc store migrate` makes. The server may be away."""

    def check(self) -> None:
        """Do nothing where the server is one that we can use.

        Raises:
            TelemetrySetupError: it is no InfluxDB 2, lacks one of the buckets, or does not take the token.
            TelemetryUnavailableError: it does not answer.
        """
        self._connections[_RAW].version()
        for connection in self._connections.values():
            connection.check_bucket()

    def write(self, batch: ReadingBatch) -> pl.DataFrame:
        """Store readings; the rows that InfluxDB refuses for good, with `REFUSAL` saying why.

        Raises:
            TelemetryUnavailableError: nothing or part of it was stored; the same batch may be written again.
        """
        kind = known_kind(batch.kind)
        rows = merged(keyed(batch.frame), kind)
        refused = self._writers[_RAW].write(rows, lambda part: reading_lines(part, kind))
        if refused.height < rows.height:
            # Only now: a mark that is seen before its readings would be settled without them.
            minutes = (rows["key"] // _MINUTE_NS * Resolution.MINUTE.length_ms).unique().to_list()
            self._mark_minutes(kind.id, self._open_windows.unmarked(kind.id, minutes))
        return refused

    def write_events(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Store events by device, time and id; the refused ones, with `REFUSAL` saying why.

        Raises:
            TelemetryUnavailableError: as for `write`.
        """
        single = frame.unique(["device", "id"], keep="first", maintain_order=True)
        return self._writers[_RAW].write(self._without_known(single), event_lines)

    def range(self, query: RangeQuery) -> pl.DataFrame:
        """Columns device, measured_at, received_at, seq, time_quality and the fields asked for.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer.
            LookupError: a kind or field that no description knows.
        """
        fields = known_fields(known_kind(query.kind), query.fields)
        found = [ranged([], query.kind, fields)]
        wanted = sorted(set(query.devices))
        for start in range(0, len(wanted), _DEVICES_A_QUESTION):
            part = replace(query, devices=wanted[start : start + _DEVICES_A_QUESTION])
            (series,) = self._questions.ask(range_of(part, [*STORED, *fields]))
            found.append(ranged(series, query.kind, fields))
            if sum(frame.height for frame in found) >= query.limit:
                break
        return pl.concat(found).head(query.limit)

    def windows(self, query: WindowQuery) -> pl.DataFrame:
        """Columns device or area (as grouped), `window` (its start) and the fields, aggregated.

        From rollups where they say the same; `plan` says which.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer.
        """
        segments = self.plan(query)
        if {segment.resolution for segment in segments} != {_RAW}:
            return self._answered(query, segments)
        (series,) = self._questions.ask(windows_of(query))
        return tidied(windowed(series, query), query)

    def export(self, selection: Selection, batch_rows: int = 50_000) -> Iterator[ReadingBatch]:
        """Everything selected, in batches of about that many rows, device by device.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer to the end.
        """
        kind = known_kind(selection.kind)
        question = all_of(selection, [*STORED, *kind.field_names])
        waiting: list[Series] = []
        for series in self._questions.stream(question):
            waiting.append(series)
            if sum(len(one.values) for one in waiting) >= batch_rows:
                yield exported(waiting, kind.id)
                waiting = []
        if waiting:
            yield exported(waiting, kind.id)

    def export_events(self, from_ms: int, to_ms: int) -> pl.DataFrame:
        """The events of [`from_ms`, `to_ms`) in `EVENT_SCHEMA`; of what is not stored null, so no plates.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer to the end.
        """
        return events(list(self._questions.stream(all_events(from_ms, to_ms, EVENT_COLUMNS))))

    def hours(self, name: str, resolution: Resolution = _RAW) -> pl.DataFrame:
        """Rows by hour of measuring, of a kind or of `events`; or a kind's rollups, those since erased too.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer to the end.
        """
        if resolution is not _RAW:
            return hourly(list(self._questions.stream(summed(self._bucket(resolution), name, HOUR_MS))))
        return hourly(list(self._questions.stream(rows_by_time(_measurements()[name], HOUR_MS))))

    def delete_devices(self, devices: Sequence[str]) -> None:
        """Remove everything of these devices: readings and rollups of every kind, and events.

        Raises:
            TelemetryUnavailableError: InfluxDB did not do it, or not for all.
        """
        for device in filter(DEVICE_ID.fullmatch, devices):
            for connection in self._connections.values():
                connection.delete(f'device="{device}"', FIRST, _LAST)

    def delete_before(self, before_ms: int, kinds: Sequence[str] = ()) -> None:
        """Remove readings measured before a moment, of these kinds; of all kinds, and events, where empty.

        Raises:
            TelemetryUnavailableError: InfluxDB did not do it.
        """
        tables = [known_kind(kind).table for kind in kinds] or list(_measurements().values())
        for table in tables:
            self._connections[_RAW].delete(f'_measurement="{table}"', FIRST, just_before(before_ms))

    def counts(self) -> dict[str, int]:
        """Stored rows: by kind, and `events`.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer.
        """
        return {name: rows for name, rows in self._each("count", "count", default=0) if rows is not None}

    def status(self) -> StoreStatus:
        """Version, size, rows and newest time.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer.
        """
        newest = self._each("last", "time", default=None)
        counts = self.counts()
        return StoreStatus(
            backend="InfluxDB",
            version=self._connections[_RAW].version(),
            size_bytes=self._connections[_RAW].size_bytes(),
            rows=counts,
            newest_ms={name: ns // SEQUENCE_MODULUS for name, ns in newest if ns is not None},
            kept=[self._kept(resolution, sum(counts.values())) for resolution in Resolution],
        )

    def mark_unmarked(self) -> int:
        """Have readings summed up that a version stored which made no rollups; how many minutes it was.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer; doing it again is right.
        """
        done = 0
        for kind in all_kinds().values():
            if self._has_marks(kind.id):
                continue
            series = self._questions.ask(rows_by_time(kind.table, Resolution.MINUTE.length_ms))[0]
            starts_ms = [at_ns // SEQUENCE_MODULUS for one in series for at_ns in one.column("time")]
            for begin in range(0, len(starts_ms), _MARKS_AT_ONCE):
                self._mark(Resolution.MINUTE, kind.id, starts_ms[begin : begin + _MARKS_AT_ONCE])
            done += len(starts_ms)
        return done

    def _mark_minutes(self, kind: str, starts_ms: Sequence[int]) -> None:
        """One small request where there is anything to mark, which in live operation is once a minute."""
        if starts_ms:
            self._mark(Resolution.MINUTE, kind, starts_ms)
            self._open_windows.note(kind, starts_ms)

    def _each(self, function: str, column: str, *, default: int | None) -> Iterator[tuple[str, int | None]]:
        """One value for each kind, and for `events`."""
        answers = self._questions.ask(one_value(function, _measurements().values()))
        for name, series in zip(_measurements(), answers, strict=True):
            yield name, series[0].column(column)[0] if series else default

    def _without_known(self, events: pl.DataFrame) -> pl.DataFrame:
        """Leave out events without a good clock that are there: their time is new each time they come."""
        is_unsure = (pl.col("time_quality") != "ok") | pl.col("measured_at").is_null()
        unsure = events.filter(is_unsure)
        if unsure.is_empty():
            return events
        times = unsure["received_at"].dt.epoch("ms")
        first, last = int(times.min()), int(times.max())  # type: ignore[arg-type]
        devices = unsure["device"].unique().sort().to_list()
        (series,) = self._questions.ask(event_ids(devices, first - SAME_EVENT_MS, last + 1))
        known = {(one.tags["device"], event) for one in series for event in one.column("id")}
        keep = [
            sure or (device, event) not in known
            for sure, device, event in events.select(~is_unsure, "device", "id").rows()
        ]
        return events.filter(keep)


def _measurements() -> dict[str, str]:
    """Measurement by the name that it has in `counts`."""
    return {kind.id: kind.table for kind in all_kinds().values()} | {EVENTS: EVENTS}
