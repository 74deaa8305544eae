"""What travels between a store and a backup: a plan, then chunks, then the sums.

A *part* is a table of operations (`operations/faults`), a kind's readings or the events (`telemetry/events`).
Its *chunks* are the same on every backend: an hour of telemetry by measured time, or so many rows of a table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from msgspec import Struct

from store.backup.canonical import Sum, checksum

__all__ = ["FORMAT", "OPERATIONS", "TELEMETRY", "Backlog", "Chunk", "ChunkSum", "Part", "Plan", "Tally"]

FORMAT = 1
"""Of backups; a program reads those up to its own."""
OPERATIONS = "operations/"
TELEMETRY = "telemetry/"


class Backlog(Struct, frozen=True, kw_only=True):
    """Journal entries that were acknowledged before the backup began and are not in it.

    Both are 0 unless a consumer could not keep up; None where there is no journal, or where `unknown` says
    why nobody can tell.
    """

    telemetry: int | None = None
    operations: int | None = None
    unknown: str = ""


class Plan(Struct, frozen=True, kw_only=True):
    """What a dump will hold.

    `rows` by part, roughly: what comes meanwhile is not in it. `positions`: how far detection had read each
    journal in this very state of operations. `sequences`: the last number given out, by table.
    """

    program: str
    created_ms: int
    sources: Sequence[str]
    schema: str | None
    rows: Mapping[str, int]
    positions: Mapping[str, int] = {}
    sequences: Mapping[str, int] = {}
    backlog: Backlog = Backlog()
    format: int = FORMAT


@dataclass(frozen=True)
class Chunk:
    """Some rows of a part, in canonical order."""

    part: str
    number: int
    frame: pl.DataFrame
    sum: str

    @classmethod
    def of(cls, part: str, number: int, frame: pl.DataFrame) -> "Chunk":
        """Rows with their checksum."""
        return cls(part, number, frame, checksum(frame))


class ChunkSum(Struct, frozen=True, array_like=True):
    """A chunk without its rows."""

    number: int
    rows: int
    sum: str


class Part(Struct, frozen=True, kw_only=True):
    """A part without its rows."""

    rows: int
    sum: str
    chunks: Sequence[ChunkSum]


@dataclass
class Tally:
    """Sums up the chunks that pass."""

    _chunks: dict[str, list[ChunkSum]] = field(default_factory=dict)
    _sums: dict[str, Sum] = field(default_factory=dict)

    def begin(self, parts: Iterable[str]) -> None:
        """Know parts by name, should nothing of them pass."""
        for part in parts:
            self._chunks.setdefault(part, [])
            self._sums.setdefault(part, Sum())

    def add(self, chunk: Chunk) -> None:
        """Take in a chunk."""
        self.begin([chunk.part])
        self._chunks[chunk.part].append(ChunkSum(chunk.number, chunk.frame.height, chunk.sum))
        self._sums[chunk.part].add(chunk.number, chunk.sum)

    def parts(self) -> dict[str, Part]:
        """Every part so far."""
        return {
            name: Part(rows=sum(one.rows for one in chunks), sum=self._sums[name].value, chunks=chunks)
            for name, chunks in sorted(self._chunks.items())
        }

    @staticmethod
    def total(parts: Mapping[str, Any], prefix: str) -> str:
        """One checksum over all parts whose names begin so."""
        whole = Sum()
        for name in sorted(parts):
            if name.startswith(prefix):
                whole.add(parts[name].rows, f"{name} {parts[name].sum}")
        return whole.value
