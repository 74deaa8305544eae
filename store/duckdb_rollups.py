"""Rollups in the embedded store's files, and questions answered from them.

Most windows of a device that speaks every few minutes hold one reading. So a sum, a least, a greatest or a
last value is stored only where it is not the first, and a count where it is not 1: a rollup of one reading
takes no more room than the reading.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import polars as pl

from store.duckdb_base import DuckdbBase
from store.duckdb_files import period_ms
from store.duckdb_queries import Query, selected, window_start
from store.resolutions import Resolution
from store.rollups.combining import combined, wanted_parts
from store.rollups.eliding import elided
from store.rollups.marks import Mark
from store.rollups.planning import Coverage, Segment, planned
from store.rollups.schema import Part, part_name, parts_of, rollup_schema
from store.row_keys import SEQUENCE_MODULUS
from store.telemetry import KeptStatus, Selection
from store.windows import WindowQuery, known_kind, tidied

__all__ = ["DuckdbRollups"]

_NEVER_MS = 1 << 60
_SQL_TYPES = {pl.String(): "VARCHAR", pl.Int64(): "BIGINT", pl.Float64(): "DOUBLE", pl.Boolean(): "BOOLEAN"}
_HEAD = ("device", "area", "key", "readings")
_OF_READINGS = {
    Part.COUNT: "count({0})", Part.SUM: "sum({0})", Part.MIN: "min({0})", Part.MAX: "max({0})",
    Part.FIRST: "arg_min({0}, key)", Part.LAST: "arg_max({0}, key)",
}  # fmt: skip
_OF_ROLLUPS = _OF_READINGS | {Part.COUNT: "sum({0})"}


class DuckdbRollups(DuckdbBase):
    """Rollups beside readings, in files of their own."""

    def pending(self, resolution: Resolution, kind: str, from_ms: int, to_ms: int) -> list[Mark]:
        """The marks of windows that begin in [`from_ms`, `to_ms`), oldest first."""
        return self._marks.pending(resolution, kind, from_ms, to_ms)

    def rollups(self, resolution: Resolution, selection: Selection) -> pl.DataFrame:
        """The rollups selected, with the columns of `rollup_schema`, in no promised order.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        kind, where = known_kind(selection.kind), selected(selection)
        columns = [*_HEAD]
        for field in kind.fields:
            columns += [
                f"{_stored(field.name, part)} AS {part_name(field.name, part)}" for part in parts_of(field)
            ]
        with self._reading() as cursor:
            source = self._files.source(kind.id, resolution, selection.from_ms, selection.to_ms)
            text = f"SELECT {', '.join(columns)} FROM {source} WHERE {where.text}"
            found = pl.DataFrame(cursor.sql(text, params=where.values).to_arrow_table())
        return found.cast(pl.Schema(rollup_schema(kind.id)))

    def replace_rollups(
        self, resolution: Resolution, kind: str, from_ms: int, to_ms: int, frame: pl.DataFrame
    ) -> None:
        """Keep these rollups as all there are of [`from_ms`, `to_ms`), and mark the hours of minutes.

        Raises:
            TelemetryUnavailableError: DuckDB refused; doing it again is right.
        """
        length_ms, hour_ms = period_ms(resolution), Resolution.HOUR.length_ms
        made = elided(frame, known_kind(kind).fields)
        for period in range(from_ms // length_ms, (to_ms - 1) // length_ms + 1):
            low_ms, high_ms = max(from_ms, period * length_ms), min(to_ms, (period + 1) * length_ms)
            low, high = low_ms * SEQUENCE_MODULUS, high_ms * SEQUENCE_MODULUS
            hours = list(range(low_ms // hour_ms * hour_ms, high_ms, hour_ms))
            marked = hours if resolution is Resolution.MINUTE else []
            with self._marking(resolution, kind, low_ms, marked) as (cursor, file):
                cursor.execute(f"DELETE FROM {file.rows} WHERE key >= ? AND key < ?", [low, high])
                cursor.register(
                    "made", made.filter(pl.col("key").is_between(low, high, closed="left")).to_arrow()
                )
                cursor.execute(f"INSERT INTO {file.rows} BY NAME SELECT * FROM made")

    def settle(self, marks: Iterable[Mark]) -> None:
        """Forget marks, but none that was set again since it was asked for.

        Raises:
            TelemetryUnavailableError: DuckDB refused; some may be forgotten.
        """
        with self._write_lock:
            done = self._marks.unchanged(marks)
            for resolution, kind in {(mark.resolution, mark.kind) for mark in done}:
                starts_ms = [m.start_ms for m in done if (m.resolution, m.kind) == (resolution, kind)]
                for file in self._files.of(kind, resolution.finer, min(starts_ms), max(starts_ms) + 1):
                    with self._changing(file) as cursor:
                        condition = "start_ms IN (SELECT unnest(?))"
                        cursor.execute(f"DELETE FROM {file.marks} WHERE {condition}", [starts_ms])
            self._marks.clear(done)

    def rows_between(self, kind: str, from_ms: int, to_ms: int) -> int:
        """How many readings of a kind there are.

        Raises:
            TelemetryUnavailableError: DuckDB refused.
        """
        where = selected(Selection(kind=kind, from_ms=from_ms, to_ms=to_ms))
        with self._reading() as cursor:
            source = self._files.source(kind, Resolution.RAW, from_ms, to_ms)
            text = f"SELECT count(*) FROM {source} WHERE {where.text}"
            row = cursor.execute(text, where.values).fetchone()
        return 0 if row is None else int(row[0])

    def plan(self, query: WindowQuery) -> list[Segment]:
        """Which resolution answers which part of a question's time."""
        return planned(
            query, Coverage(lambda *span: self._stale(query.kind, *span), self._oldest(query.kind))
        )

    def _kept(self, resolution: Resolution) -> KeptStatus:
        """What is there of a resolution."""
        files = [file for file in self._files.all() if file.resolution is resolution]
        with self._reading() as cursor:
            rows = [cursor.execute(f"SELECT count(*) FROM {file.rows}").fetchone() for file in files]
        return KeptStatus(
            resolution=resolution,
            place=f"{len(files)} files",
            kept_days=self._retention.longest_days(resolution),
            days_of_kinds=self._retention.days_of_kinds(resolution),
            from_ms=min((file.start_ms for file in files), default=None),
            to_ms=max((file.end_ms for file in files), default=None),
            rows=sum(row[0] for row in rows if row is not None),
            size_bytes=sum(file.size_bytes for file in files),
        )

    def _answered(self, query: WindowQuery, segments: Sequence[Segment]) -> pl.DataFrame:
        """The answer to a question from parts of its time."""
        answers = []
        for segment in segments:
            with self._reading() as cursor:
                source = self._files.source(query.kind, segment.resolution, segment.from_ms, segment.to_ms)
                asked = _partials_of(query, segment, source)
                answers.append(pl.DataFrame(cursor.sql(asked.text, params=asked.values).to_arrow_table()))
        return tidied(combined(answers, query), query)

    def _stale(self, kind: str, resolution: Resolution, from_ms: int, to_ms: int) -> list[int]:
        """Windows whose rollup is not what the readings say, oldest first."""
        found = {mark.start_ms for mark in self._marks.pending(resolution, kind, from_ms, to_ms)}
        if resolution is Resolution.HOUR:
            length_ms = resolution.length_ms
            below = self._marks.pending(Resolution.MINUTE, kind, from_ms, to_ms)
            found |= {mark.start_ms // length_ms * length_ms for mark in below}
        return sorted(found)

    def _oldest(self, kind: str) -> Callable[[Resolution], int]:
        """Where what is there of a resolution begins, by resolution."""

        def oldest_ms(resolution: Resolution) -> int:
            files = self._files.of(kind, resolution)
            return files[0].start_ms if files else _NEVER_MS

        return oldest_ms


def _stored(field: str, part: Part) -> str:
    """A part of a field as it was before it was left out, for SQL."""
    first, name = part_name(field, Part.FIRST), part_name(field, part)
    if part is Part.COUNT:
        return f"CASE WHEN {first} IS NULL THEN 0 ELSE coalesce({name}, 1) END"
    return f"coalesce({name}, {first})"


def _partials_of(query: WindowQuery, segment: Segment, source: str) -> Query:
    """What is needed of a part of a question's time, by group and window."""
    where = selected(replace(query, from_ms=segment.from_ms, to_ms=segment.to_ms))
    types, is_raw = rollup_schema(query.kind), segment.resolution is Resolution.RAW
    columns = [*query.group_columns, f'{window_start(query)} AS "window"']
    for field in query.fields:
        for part in wanted_parts(query.aggregate):
            name = part_name(field, part)
            value = (
                _OF_READINGS[part].format(field) if is_raw else _OF_ROLLUPS[part].format(_stored(field, part))
            )
            columns.append(f"CAST({value} AS {_SQL_TYPES[types[name]]}) AS {name}")
    groups = ", ".join([*query.group_columns, '"window"'])
    return Query(
        f"SELECT {', '.join(columns)} FROM {source} WHERE {where.text} GROUP BY {groups}", where.values
    )
