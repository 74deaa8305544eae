"""Writing rows so that a refusal costs only the bad ones."""

import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from devices.refused import REFUSAL
from store.influx_client import InfluxConnection, LinesRefusedError

__all__ = ["RowWriter"]

_VALUES_A_REQUEST = 920_000
"""As 40,000 readings have: measured, larger requests cost the server no less, and more memory.

A rollup has ten times the values of a reading, and a request of as many of them would be a hundred megabytes.
"""
_MOST_ROWS = 40_000
_IN_FLIGHT = 2


class RowWriter:
    """Sends rows as lines, two requests at a time. Rows have distinct keys, so that their order is free."""

    def __init__(self, connection: InfluxConnection) -> None:
        self._connection = connection
        self._pool = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="influx-write")

    def write(self, rows: pl.DataFrame, to_lines: Callable[[pl.DataFrame], pl.Series]) -> pl.DataFrame:
        """The rows that the server refuses for good, with `REFUSAL`; all others are stored.

        Raises:
            TelemetryUnavailableError: the server cannot serve now; any number of rows may be stored.
        """
        parts = list(rows.iter_slices(_rows_a_request(rows)))
        if len(parts) == 1:
            return self._write_part(rows, to_lines(rows))
        return _together(self._pool.map(lambda part: self._write_part(part, to_lines(part)), parts), rows)

    def close(self) -> None:
        """Wait for what is in flight; idempotent."""
        self._pool.shutdown()

    def _write_part(self, rows: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
        try:
            self._send(lines)
        except LinesRefusedError:
            # What is refused for its time, or for a type that a shard knows otherwise, lies side by side in
            # time: halves of that order are soon wholly good or wholly bad.
            order = rows["key"].arg_sort() if "key" in rows.columns else pl.arange(rows.height, eager=True)
            return self._offenders(rows[order], lines[order])
        return _refused(rows.clear(), "")

    def _offenders(self, rows: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
        """The refused ones among rows, found by halving; the others are stored when this returns."""
        try:
            self._send(lines)
        except LinesRefusedError as refusal:
            if rows.height in {1, refusal.dropped}:
                return _refused(rows, refusal.why)
        else:
            return _refused(rows.clear(), "")
        half = rows.height // 2
        halves = [(rows[:half], lines[:half]), (rows[half:], lines[half:])]
        return _together((self._offenders(*part) for part in halves), rows)

    def _send(self, lines: pl.Series) -> None:
        # The quickest way from a column to bytes: a tenth of what joining costs.
        text = io.BytesIO()
        lines.to_frame().write_csv(text, include_header=False, quote_style="never")
        self._connection.write(text.getvalue())


def _rows_a_request(rows: pl.DataFrame) -> int:
    values = sum(column.len() - column.null_count() for column in rows)
    return min(max(_VALUES_A_REQUEST * rows.height // max(values, 1), 1), _MOST_ROWS)


def _refused(rows: pl.DataFrame, why: str) -> pl.DataFrame:
    return rows.with_columns(pl.lit(why).alias(REFUSAL))


def _together(found: Iterable[pl.DataFrame], rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([_refused(rows.clear(), ""), *found])
