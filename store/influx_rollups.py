"""Rollups in buckets of their own, marks beside what they are of, and questions answered from both.

Every part of every field is stored, also where they say the same: the server adds up, and has no "or else".
"""

import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from devices.clock import Clock
from store.influx_buckets import buckets_of
from store.influx_client import InfluxAddress, InfluxConnection, LinesRefusedError
from store.influx_frames import partial, rolled_up
from store.influx_writing import RowWriter
from store.influxql import (
    InfluxqlClient,
    Series,
    ends_of,
    first_event_before,
    marked,
    oldest_mark,
    parts_of,
    rollups_of,
    rows_between,
    several,
    summed,
)
from store.line_protocol import (
    EVENTS,
    MARKED,
    MARKS,
    SUMMED,
    done_lines,
    mark_lines,
    rollup_lines,
    summed_lines,
)
from store.resolutions import ROLLUPS, Resolution
from store.retention import Retention
from store.rollups.combining import combined
from store.rollups.marks import Mark, OpenWindows
from store.rollups.planning import Coverage, Segment, planned
from store.row_keys import SEQUENCE_MODULUS
from store.telemetry import KeptStatus, Selection
from store.windows import Aggregate, WindowQuery, known_kind, tidied

__all__ = ["FIRST", "InfluxRollups", "just_before"]

FIRST = "1970-01-01T00:00:00Z"
_NEVER_MS = 1 << 60
_TOKEN_BITS = 62
_HOUR_MS = Resolution.HOUR.length_ms
_RAW = Resolution.RAW


class InfluxRollups:
    """The buckets of all resolutions, and how rollups are kept in them. Any process may write and ask."""

    def __init__(
        self, address: InfluxAddress, retention: Retention | None = None, clock: Clock | None = None
    ) -> None:
        self._retention = retention or Retention()
        self._buckets = buckets_of(address, self._retention)
        self._connections = {at: InfluxConnection(bucket) for at, bucket in self._buckets.items()}
        self._writers = {at: RowWriter(connection) for at, connection in self._connections.items()}
        self._questions = InfluxqlClient(address)
        self._open_windows = OpenWindows(clock)

    def close(self) -> None:
        """Wait for writes in flight and release the connections; idempotent."""
        for writer in self._writers.values():
            writer.close()
        for connection in self._connections.values():
            connection.close()
        self._questions.close()

    def pending(self, resolution: Resolution, kind: str, from_ms: int, to_ms: int) -> list[Mark]:
        """The marks of windows that begin in [`from_ms`, `to_ms`), oldest first.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer.
        """
        (series,) = self._questions.ask(marked(self._bucket(resolution.finer), kind, from_ms, to_ms))
        return _marks(resolution, kind, series)

    def rollups(self, resolution: Resolution, selection: Selection) -> pl.DataFrame:
        """The rollups selected, with the columns of `rollup_schema`, in no promised order.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer to the end.
        """
        question = rollups_of(selection, self._bucket(resolution))
        return rolled_up(list(self._questions.stream(question)), selection.kind)

    def replace_rollups(
        self,
        resolution: Resolution,
        kind: str,
        from_ms: int,  # noqa: ARG002 - the port's
        to_ms: int,  # noqa: ARG002 - the port's
        frame: pl.DataFrame,
    ) -> None:
        """Keep these rollups of [`from_ms`, `to_ms`), and mark the hours of minutes.

        None that was there is missing in them (the keeper sees to it), so that writing over is enough.

        Raises:
            TelemetryUnavailableError: InfluxDB did not take all; doing it again is right.
        """
        if frame.is_empty():
            return
        known = known_kind(kind)
        # What the server refuses is older than what it keeps.
        self._writers[resolution].write(frame, lambda part: rollup_lines(part, known))
        start_ms = (pl.col("key") // SEQUENCE_MODULUS).alias("start_ms")
        windows = frame.group_by(start_ms).len().rows()
        self._note(resolution, summed_lines(kind, windows))
        if resolution is Resolution.MINUTE:
            self._mark(Resolution.HOUR, kind, {at_ms // _HOUR_MS * _HOUR_MS for at_ms, _ in windows})

    def settle(self, marks: Iterable[Mark]) -> None:
        """Forget marks, but none that was set again since it was asked for.

        Raises:
            TelemetryUnavailableError: InfluxDB did not take it; some may be forgotten.
        """
        done: dict[tuple[Resolution, str], list[tuple[int, int]]] = {}
        for mark in marks:
            done.setdefault((mark.resolution, mark.kind), []).append((mark.start_ms, mark.token))
        for (resolution, kind), tokens in done.items():
            self._note(resolution.finer, done_lines(kind, tokens))

    def rows_between(self, kind: str, from_ms: int, to_ms: int) -> int:
        """How many readings of a kind there are.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer.
        """
        (series,) = self._questions.ask(rows_between(kind, from_ms, to_ms))
        return int(series[0].column("rows")[0]) if series else 0

    def expire(self, resolution: Resolution, owner: str, before_ms: int) -> int:
        """Drop what is older, where a kind is kept shorter than its bucket; 1 where there was any.

        All else InfluxDB drops by itself.

        Raises:
            TelemetryUnavailableError: InfluxDB did not do it.
        """
        kept_days = self._retention.kept_days(resolution, owner)
        if not kept_days or kept_days == self._retention.longest_days(resolution):
            return 0
        if self._oldest_ms(resolution, owner, before_ms) >= before_ms:
            return 0
        table = EVENTS if owner == EVENTS else known_kind(owner).table
        predicates = [f'_measurement="{table}"']
        predicates += [f'_measurement="{name}" AND kind="{owner}"' for name in (MARKS, SUMMED)]
        for predicate in predicates:
            self._connections[resolution].delete(predicate, FIRST, just_before(before_ms))
        return 1

    def compact(self, before_ms: int) -> int:  # noqa: ARG002 - the port's
        """Nothing: InfluxDB puts its shards in order by itself."""
        return 0

    def plan(self, query: WindowQuery) -> list[Segment]:
        """Which resolution answers which part of a question's time.

        Raises:
            TelemetryUnavailableError: InfluxDB did not answer.
        """
        if query.aggregate is Aggregate.PERCENTILE:
            return [Segment(_RAW, query.from_ms, query.to_ms)]
        known = self._coverage(query)
        return planned(query, Coverage(known.stale, known.oldest_ms))

    def _answered(self, query: WindowQuery, segments: Sequence[Segment]) -> pl.DataFrame:
        """The answer to a question from parts of its time."""
        names = {at: bucket.bucket for at, bucket in self._buckets.items()}
        answers = self._questions.ask(parts_of(query, segments, names))
        return tidied(combined([partial(series, query) for series in answers], query), query)

    def _kept(self, resolution: Resolution, raw_rows: int) -> KeptStatus:
        """What is there of a resolution, as the server has it; how many rows only of rollups."""
        connection = self._connections[resolution]
        first, last, rows = self._questions.ask(ends_of(self._bucket(resolution), resolution))
        return KeptStatus(
            resolution=resolution,
            place=f"bucket {self._bucket(resolution)}",
            kept_days=connection.kept_days(),
            days_of_kinds=self._retention.days_of_kinds(resolution),
            from_ms=_first_ms(first) if first else None,
            to_ms=_first_ms(last) + max(resolution.length_ms, Resolution.MINUTE.length_ms) if last else None,
            rows=raw_rows if resolution is _RAW else _found(rows),
            size_bytes=connection.size_bytes(),
        )

    def _has_marks(self, kind: str) -> bool:
        (series,) = self._questions.ask(oldest_mark(self._bucket(_RAW), kind))
        return bool(series)

    def _mark(self, resolution: Resolution, kind: str, starts_ms: Iterable[int]) -> None:
        """Have windows summed up, again where they were: to be called when what is new can be read."""
        self._note(resolution.finer, mark_lines(kind, starts_ms, secrets.randbits(_TOKEN_BITS) + 1))

    def _note(self, resolution: Resolution, lines: bytes) -> None:
        """Write lines about windows beside the rows of a resolution."""
        with suppress(LinesRefusedError):  # older than the bucket keeps: gone soon, as what they are about is
            self._connections[resolution].write(lines)

    def _bucket(self, resolution: Resolution) -> str:
        return self._buckets[resolution].bucket

    def _coverage(self, query: WindowQuery) -> "_Known":
        """All that a plan asks about, in one question."""
        from_ms = query.from_ms // _HOUR_MS * _HOUR_MS
        questions = [marked(self._bucket(at.finer), query.kind, from_ms, query.to_ms) for at in ROLLUPS]
        questions += [oldest_mark(self._bucket(at.finer), query.kind) for at in ROLLUPS]
        minutes, hours, *oldest = self._questions.ask(several(*questions))
        below = [mark.start_ms for mark in _marks(Resolution.MINUTE, query.kind, minutes)]
        above = [mark.start_ms for mark in _marks(Resolution.HOUR, query.kind, hours)]
        return _Known(
            {
                Resolution.MINUTE: below,
                Resolution.HOUR: sorted({*above, *(at_ms // _HOUR_MS * _HOUR_MS for at_ms in below)}),
            },
            {at.finer: _first_ms(series) for at, series in zip(ROLLUPS, oldest, strict=True)},
        )

    def _oldest_ms(self, resolution: Resolution, owner: str, before_ms: int) -> int:
        """Where what is there begins."""
        if owner == EVENTS:
            question = first_event_before(before_ms)
        elif resolution is Resolution.HOUR:
            question = summed(self._bucket(resolution), owner, 24 * _HOUR_MS)
        else:
            question = oldest_mark(self._bucket(resolution), owner)
        (series,) = self._questions.ask(question)
        return _first_ms(series)


@dataclass(frozen=True)
class _Known:
    """Windows to be summed up, and where what is there begins, by resolution."""

    starts_ms: dict[Resolution, list[int]]
    oldest: dict[Resolution, int]

    def stale(self, resolution: Resolution, from_ms: int, to_ms: int) -> list[int]:
        """Windows in a time whose rollup is not what the readings say, oldest first."""
        return [at_ms for at_ms in self.starts_ms[resolution] if from_ms <= at_ms < to_ms]

    def oldest_ms(self, resolution: Resolution) -> int:
        """Where what is there begins; of hours nobody asks, nothing is coarser."""
        return self.oldest.get(resolution, 0)


def just_before(before_ms: int) -> str:
    """The last nanosecond before a moment, as the delete API wants it: what it is given is deleted too."""
    last = datetime.fromtimestamp((before_ms - 1) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{last}.{(before_ms - 1) % 1000:03d}999999Z"


def _marks(resolution: Resolution, kind: str, series: Sequence[Series]) -> list[Mark]:
    found = [
        Mark(resolution, kind, at_ns // SEQUENCE_MODULUS, token)
        for one in series
        for at_ns, token in zip(one.column("time"), one.column(MARKED), strict=True)
    ]
    return sorted(found)


def _found(series: Sequence[Series]) -> int:
    return int(series[0].column("found")[0]) if series else 0


def _first_ms(series: Sequence[Series]) -> int:
    return int(series[0].column("time")[0]) // SEQUENCE_MODULUS if series else _NEVER_MS
