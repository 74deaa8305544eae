"""Readings as a file that is sent while it is made: a piece at a time is in memory, however long it is."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Protocol

import polars as pl
import pyarrow as pa
from polars import selectors
from pyarrow import parquet

from store.telemetry import RangeQuery, TelemetryReads

__all__ = ["MEDIA_TYPES", "ExportFormat", "encoded", "pieces"]

_PIECE_MS = 3_600_000
_PIECE_DEVICES = 1_000
_PIECE_ROWS = 200_000
_TIMES = ("measured_at", "received_at")
_RFC3339 = "%Y-%m-%dT%H:%M:%S%.3fZ"


class ExportFormat(StrEnum):
    """How readings are written; the word is the ending of the file's name."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    ARROW = "arrow"


MEDIA_TYPES = {
    ExportFormat.CSV: "text/csv",
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
    ExportFormat.ARROW: "application/vnd.apache.arrow.stream",
}


def pieces(telemetry: TelemetryReads, asked: RangeQuery) -> Iterator[pl.DataFrame]:
    """The readings of a range, hour by hour and at most a thousand devices at a time; the first may be empty.

    Raises:
        TelemetryUnavailableError: the store does not answer.
    """
    begin_ms = asked.from_ms
    while begin_ms < asked.to_ms:
        end_ms = min(begin_ms - begin_ms % _PIECE_MS + _PIECE_MS, asked.to_ms)
        for start in range(0, len(asked.devices), _PIECE_DEVICES):
            devices = asked.devices[start : start + _PIECE_DEVICES]
            piece = replace(asked, devices=devices, from_ms=begin_ms, to_ms=end_ms, limit=_PIECE_ROWS)
            yield from _whole(telemetry, piece)
        begin_ms = end_ms


def _whole(telemetry: TelemetryReads, piece: RangeQuery) -> Iterator[pl.DataFrame]:
    """All readings of a piece; halves of its time where it has more than fit in memory well."""
    frame = telemetry.range(piece)
    middle_ms = (piece.from_ms + piece.to_ms) // 2
    if frame.height < piece.limit or middle_ms == piece.from_ms:
        yield frame.with_columns(pl.col("time_quality").cast(pl.String))
        return
    del frame
    yield from _whole(telemetry, replace(piece, to_ms=middle_ms))
    yield from _whole(telemetry, replace(piece, from_ms=middle_ms))


def encoded(frames: Iterable[pl.DataFrame], written: ExportFormat) -> Iterator[bytes]:
    """The frames as one file, in parts."""
    if written is ExportFormat.CSV:
        yield from _csv(frames)
    elif written is ExportFormat.NDJSON:
        yield from _ndjson(frames)
    else:
        yield from _columns(frames, written)


def _csv(frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    for number, frame in enumerate(frames):
        text = _plain(frame).write_csv(include_header=number == 0)
        if text:
            yield text.encode()


def _ndjson(frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    for frame in frames:
        if frame.height:
            yield _plain(frame).write_ndjson().encode()


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Times as text, and what is no number as missing: neither form knows NaN."""
    return frame.with_columns(pl.col(*_TIMES).dt.strftime(_RFC3339), selectors.float().fill_nan(None))


class _Writer(Protocol):
    def write_table(self, table: pa.Table) -> None: ...
    def close(self) -> None: ...


class _Drain(io.RawIOBase):
    """A file that gives away what was written to it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Keep a part until it is taken."""
        part = bytes(data)
        self._parts.append(part)
        self._length += len(part)
        return len(part)

    def tell(self) -> int:
        """How much was ever written."""
        return self._length

    def take(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _columns(frames: Iterable[pl.DataFrame], written: ExportFormat) -> Iterator[bytes]:
    drain, writer, schema = _Drain(), None, None
    for frame in frames:
        table = frame.to_arrow()
        if writer is None:
            schema = table.schema
            writer = _writer(drain, schema, written)
        if table.num_rows:
            writer.write_table(table.cast(schema))
        if part := drain.take():
            yield part
    if writer is not None:
        writer.close()
    yield drain.take()


def _writer(drain: _Drain, schema: pa.Schema, written: ExportFormat) -> _Writer:
    file = pa.PythonFile(drain, mode="w")
    made: _Writer = (
        parquet.ParquetWriter(file, schema, compression="zstd")
        if written is ExportFormat.PARQUET
        else pa.ipc.new_stream(file, schema)
    )
    return made
