"""The latest readings of each device, as far back as rules look; a batch costs what it touches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEVER", "Course", "Floats", "Ints", "Past"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NEVER = np.iinfo(np.int64).min
"""Stands in the place of a reading that there is not."""


@dataclass(frozen=True)
class Course:
    """The readings of some devices one after the other, each device's in order: the kept ones, then the new.

    `device` numbers the devices from 0, `new` are the places of the new readings in the order in which they
    came. A value that is not known is NaN. Nobody looks further back than `depth` readings, however many
    came at once.
    """

    device: Ints
    ts: Ints
    values: Mapping[str, Floats]
    new: Ints
    depth: int

    def first_after(self, span_ms: int) -> Ints:
        """Where each new reading's window begins: behind its time less a span."""
        if self.ts.size == 0:
            return self.new
        stride = int(self.ts.max() - self.ts.min()) + span_ms + 1
        keys = self.device * stride + (self.ts - self.ts.min())
        found: Ints = np.searchsorted(keys, keys[self.new] - span_ms, side="right")
        return np.maximum(found, self.new - self.depth + 1)

    def last_until(self, devices: Ints, ts: Ints) -> Ints:
        """The places of the devices' last readings up to some moments; -1 where there is none."""
        if self.ts.size == 0:
            return np.full(devices.size, -1, dtype=np.int64)
        base, stride = int(self.ts.min()), int(self.ts.max() - self.ts.min()) + 2
        asked = devices * stride + np.clip(ts - base, -1, stride - 2)
        found: Ints = np.searchsorted(self.device * stride + (self.ts - base), asked, side="right") - 1
        is_own = (found >= 0) & (self.device[np.maximum(found, 0)] == devices)
        return np.where(is_own, found, -1)


class Past:
    """Times and some values of the last `depth` readings of each device, by row number; newest last."""

    def __init__(self, size: int, names: Sequence[str], depth: int) -> None:
        self.depth = depth
        self._ts: Ints = np.full((size, depth), NEVER, dtype=np.int64)
        self._values: dict[str, Floats] = {name: np.full((size, depth), np.nan) for name in names}

    def extend(self, rows: Ints, ts: Ints, values: Mapping[str, Floats]) -> Course:
        """Remember readings, each device's together and in order; gives them with those kept before."""
        begins = np.flatnonzero(np.diff(rows, prepend=-1))
        devices, counts = rows[begins], np.diff(begins, append=rows.size)
        kept = self._ts[devices] != NEVER
        before = kept.sum(axis=1)
        ends = np.cumsum(before + counts)
        starts = ends - before - counts
        of_reading = np.repeat(np.arange(devices.size), counts)
        new = starts[of_reading] + before[of_reading] + np.arange(rows.size) - begins[of_reading]
        # Kept readings stand at the end of their row.
        old = (starts + before)[:, None] - self.depth + np.arange(self.depth)
        places = ends[:, None] - self.depth + np.arange(self.depth)
        there = places >= starts[:, None]
        places = np.maximum(places, 0)

        def joined(table: NDArray[Any], added: NDArray[Any], nothing: float) -> NDArray[Any]:
            flat = np.empty(int(ends[-1]), dtype=table.dtype)
            flat[old[kept]] = table[devices][kept]
            flat[new] = added
            table[devices] = np.where(there, flat[places], nothing)
            return flat

        return Course(
            device=np.repeat(np.arange(devices.size), before + counts),
            values={name: joined(table, values[name], np.nan) for name, table in self._values.items()},
            ts=joined(self._ts, ts, NEVER),
            new=new,
            depth=self.depth,
        )

    def course(self, devices: Ints) -> Course:
        """What is kept of some devices."""
        kept = self._ts[devices] != NEVER
        return Course(
            device=np.repeat(np.arange(devices.size), kept.sum(axis=1)),
            values={name: table[devices][kept] for name, table in self._values.items()},
            ts=self._ts[devices][kept],
            new=np.empty(0, dtype=np.int64),
            depth=self.depth,
        )

    def take(self, row: int, span_ms: int | None = None) -> dict[str, list[float]]:
        """What is kept of a device by name, times under `ts`; within a span of its newest reading, if any."""
        times = self._ts[row]
        if times[-1] == NEVER:
            return {}
        wanted = times != NEVER
        if span_ms is not None:
            wanted &= times > times[-1] - span_ms
        values = {name: table[row][wanted].tolist() for name, table in self._values.items()}
        return {"ts": times[wanted].tolist()} | values

    def put(self, row: int, kept: Mapping[str, Sequence[float]]) -> None:
        """Put back what `take` gave; a value that was not kept then is unknown."""
        times = kept.get("ts", ())[-self.depth :]
        if not times:
            return
        self._ts[row, -len(times) :] = times
        for name, table in self._values.items():
            table[row, -len(times) :] = kept.get(name, [np.nan] * len(times))[-self.depth :]
