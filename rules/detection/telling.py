"""What devices of one kind say of themselves to rules about others, as of any recent moment."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from rules.detection.past import NEVER, Course, Floats, Ints, Past

__all__ = ["Answers", "Kept", "Telling"]

_DEPTH = 24
"""Readings of a device that are kept from mark to mark: a rule waits for the slowest by some minutes."""

Kept = dict[str, list[float]]
"""Readings of a device: times in ms under `ts`, and what it said under the questions."""


class Answers(NamedTuple):
    """For each question when the device had last spoken, `NEVER` if that is not known, and what it said."""

    ts: Ints
    values: Mapping[str, Floats]


class Telling:
    """The newest answers of each device, by row number.

    What is noted is known from the next mark on. Only then is anything forgotten, so that it does not matter
    how the readings between two marks are divided into batches.
    """

    def __init__(self, size: int, asked: Iterable[str]) -> None:
        self._asked = tuple(asked)
        self._past = Past(size, self._asked, _DEPTH)
        self._noted: list[pl.DataFrame] = []
        self._course: Course | None = None
        self._place: Ints = np.full(size, -1, dtype=np.int64)

    def note(self, answers: pl.DataFrame) -> None:
        """Take in readings, each device's in order: `row`, `ts` and a column of doubles for each question."""
        self._noted.append(answers.select("row", "ts", *self._asked))

    def settle(self) -> None:
        """A mark has come: what was noted is known now; what lies too far back is forgotten at the next."""
        if self._course is not None:
            self._place[:] = -1
            self._course = None
        if not self._noted:
            return
        noted = pl.concat(self._noted).sort("row", maintain_order=True)
        self._noted = []
        rows = noted["row"].to_numpy().astype(np.int64)
        values = {name: noted[name].to_numpy() for name in self._asked}
        self._course = self._past.extend(rows, noted["ts"].to_numpy(), values)
        devices = rows[np.flatnonzero(np.diff(rows, prepend=-1))]
        self._place[devices] = np.arange(devices.size)

    def as_of(self, rows: Ints, ts: Ints) -> Answers:
        """What the devices at some rows had last said at some moments."""
        places = self._place[rows]
        known = places >= 0
        heard = np.full(rows.size, NEVER, dtype=np.int64)
        values = {name: np.full(rows.size, np.nan) for name in self._asked}
        if self._course is not None:
            _look_up(self._course, places[known], ts[known], known, Answers(heard, values))
        devices, places = np.unique(rows[~known], return_inverse=True)
        _look_up(self._past.course(devices), places, ts[~known], ~known, Answers(heard, values))
        return Answers(heard, values)

    def take(self, rows: Sequence[int]) -> Mapping[int, Kept]:
        """What is kept of some devices, for `put`."""
        if not self._asked:
            return {}
        found = {row: self._past.take(row) for row in rows}
        if self._noted:
            noted = pl.concat(self._noted)
            own = noted.filter(pl.col("row").is_in(list(rows))).fill_null(np.nan)
            for row, ts_ms, *said in own.iter_rows():
                for name, value in zip(("ts", *self._asked), (ts_ms, *said), strict=True):
                    found[row].setdefault(name, []).append(value)
        return found

    def put(self, kept: Mapping[int, Kept]) -> None:
        """Put back what was kept; it is known from the next mark on."""
        if not self._asked:
            return
        columns: dict[str, list[float]] = {name: [] for name in ("row", "ts", *self._asked)}
        for row, said in kept.items():
            count = len(said.get("ts", ()))
            columns["row"] += [row] * count
            columns["ts"] += said.get("ts", ())
            for name in self._asked:
                columns[name] += said.get(name, [np.nan] * count)
        schema = {"row": pl.UInt32, "ts": pl.Int64} | dict.fromkeys(self._asked, pl.Float64)
        if columns["row"]:
            self._noted.append(pl.DataFrame(columns, schema=schema, strict=False))


def _look_up(course: Course, places: Ints, ts: Ints, where: np.ndarray, into: Answers) -> None:
    """Write into the answers at some of their places what the devices of a course had said."""
    found = course.last_until(places, ts)
    is_known = found >= 0
    targets = np.flatnonzero(where)[is_known]
    into.ts[targets] = course.ts[found[is_known]]
    for name, values in into.values.items():
        values[targets] = course.values[name][found[is_known]]
