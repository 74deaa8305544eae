"""The checksum of rows that is the same whichever backend holds them.

Rows are brought into a fixed order first; then each column that says anything at all is hashed by name: its
type, which rows have a value, and the values as little-endian numbers or as UTF-8 with their lengths. A
column that is null throughout is left out, so that a field that a kind gains later changes no checksum.
"""

import hashlib

import numpy as np
import polars as pl

__all__ = ["Sum", "checksum"]

_NUMBERS = {"int": "<i8", "float": "<f8", "bool": "u1"}


def checksum(frame: pl.DataFrame) -> str:
    """SHA-256 of rows in their order, in hexadecimal digits."""
    total = hashlib.sha256(f"{frame.height} rows\n".encode())
    for name in sorted(frame.columns):
        column = frame[name]
        if column.null_count() < column.len():
            _add(total, column)
    return total.hexdigest()


class Sum:
    """The checksum of a part, from those of its chunks."""

    def __init__(self) -> None:
        self._total = hashlib.sha256()

    def add(self, number: int, chunk: str) -> None:
        """Take in the next chunk."""
        self._total.update(f"{number} {chunk}\n".encode())

    @property
    def value(self) -> str:
        """The checksum of all so far."""
        return self._total.hexdigest()


def _add(total: "hashlib._Hash", column: pl.Series) -> None:
    kind, plain = _plain(column)
    total.update(f"{column.name}:{kind}\n".encode())
    total.update(np.packbits(plain.is_not_null().to_numpy(), bitorder="little").tobytes())
    if kind == "bytes":
        full = plain.fill_null(b"")
        total.update(full.bin.size().cast(pl.Int64).to_numpy().astype("<i8").tobytes())
        total.update(b"".join(full.to_list()))
        return
    # Adding 0 takes the sign from a zero.
    total.update((plain.fill_null(0).to_numpy().astype(_NUMBERS[kind]) + 0).astype(_NUMBERS[kind]).tobytes())


def _plain(column: pl.Series) -> tuple[str, pl.Series]:
    """What kind of values a column has, and these without the ways in which equal ones may differ."""
    dtype = column.dtype
    if dtype.is_temporal():
        return "int", column.dt.epoch("ms")
    if dtype == pl.Boolean:
        return "bool", column.cast(pl.UInt8)
    if dtype.is_float():
        return "float", column.cast(pl.Float64).fill_nan(None)
    if dtype.is_integer():
        return "int", column.cast(pl.Int64)
    return "bytes", column if dtype == pl.Binary else column.cast(pl.String).cast(pl.Binary)
