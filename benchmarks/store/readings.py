"""A month of a city's readings as columns, made as fast as a store could want them.

What each device says, the simulated city says once; the following readings are that one with noise, rounded
as it was, so that they compress no better than a sensor's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from benchmarks.rig import SEED, city_of_load, load_messages
from devices.batch import TIME, ReadingBatch, reading_frame
from devices.decoders.native import NativeDecoder
from devices.messages import RawMessage, Reading
from devices.registry import Registry
from simulators.load.messages import stamp

__all__ = ["DAYS", "DAY_MS", "END_MS", "CityReadings"]

DAYS = 30
DAY_MS = 86_400_000
END_MS = 1_795_305_600_000  # 2026-11-22T00:00Z
_EVERY_MS = 300_000
_STEPS = DAYS * DAY_MS // _EVERY_MS
_ROWS_A_BATCH = 50_000
_NOISE = 0.03


@dataclass(frozen=True)
class CityReadings:
    """Readings of so many devices, one in five minutes, for the 30 days before `END_MS`."""

    devices: int

    @classmethod
    def of_rows(cls, rows: int) -> "CityReadings":
        """About that many readings: always a month, of as many devices as it takes."""
        return cls(max(50, round(rows / _STEPS)))

    @property
    def rows(self) -> int:
        """How many readings there are."""
        return _STEPS * sum(frame.height for frame in self.first.values())

    @cached_property
    def first(self) -> dict[str, pl.DataFrame]:
        """One reading of each device, by kind."""
        registry = Registry(city_of_load(self.devices).devices)
        decoder = NativeDecoder()
        said: dict[str, list[Reading]] = {}
        for messages in load_messages(self.devices):
            payload = stamp(END_MS, 0) + messages.tails[0]
            for record in decoder.decode(RawMessage(messages.topic, payload), registry):
                if isinstance(record, Reading):
                    said.setdefault(record.device.kind, []).append(record)
        return {kind: reading_frame(kind, readings, END_MS) for kind, readings in said.items()}

    def batches(self) -> Iterator[ReadingBatch]:
        """All readings, by time; a batch is of one kind and one day."""
        chance = np.random.default_rng(SEED)
        steps_a_day = DAY_MS // _EVERY_MS
        for day in range(DAYS):
            for kind, first in self.first.items():
                at_once = max(1, _ROWS_A_BATCH // first.height)
                for begin in range(0, steps_a_day, at_once):
                    steps = range(begin, min(begin + at_once, steps_a_day))
                    yield ReadingBatch(kind, _later(first, day * steps_a_day, steps, chance))


def _later(first: pl.DataFrame, before: int, steps: range, chance: np.random.Generator) -> pl.DataFrame:
    """The devices' readings at some steps of a day."""
    rows = pl.concat([first] * len(steps))
    step = np.repeat(np.arange(steps.start, steps.stop) + before, first.height)
    # Each device reports at a moment of its own within the five minutes.
    offset_ms = np.tile(np.arange(first.height) * 7_919 % _EVERY_MS, len(steps))
    at = pl.Series("measured_at", END_MS - DAYS * DAY_MS + step * _EVERY_MS + offset_ms)
    noise = pl.Series("noise", 1 + _NOISE * chance.standard_normal(rows.height))
    floats = [name for name, dtype in rows.schema.items() if dtype == pl.Float64]
    return rows.with_columns(
        *((pl.col(name) * noise).round(2) for name in floats),
        at.cast(TIME),
        at.cast(TIME).alias("received_at"),
        at.alias("device_time"),
        pl.Series("seq", step),
    )
