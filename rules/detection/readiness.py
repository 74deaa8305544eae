"""Which of a batch's readings may be applied: those that nothing can come before any more."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["NO_SEQ", "places", "readiness"]

NO_SEQ = -1
"""Stands for a missing number; real ones are not negative."""

_NO_TIME = -(2**62)


def places(rows: pl.Series) -> pl.Series:
    """Of rows in order: how many of the same device come before each."""
    _, start = _courses(rows)
    return pl.Series(np.arange(len(start)) - start)


def readiness(judged: pl.DataFrame) -> pl.DataFrame:
    """Of readings in order: whether one is there `again`, whether it is `ready`, and `before_ts`.

    `judged` has `row`, `ts`, `key`, the heads' `last_ts` and `last_seq` (of the last one applied) and
    `watermark`. A reading is ready when its number follows that of the one before, or when the watermark has
    passed it, and everything before it in its device is ready. `before_ts`: the time of the device's reading
    before, null if there is none.

    In numpy, because what one reading decides for the next needs a dozen passes over a few columns, each of
    which costs polars twenty times as much.
    """
    ts, key = judged["ts"].to_numpy(), judged["key"].to_numpy()
    same, start = _courses(judged["row"])
    before_ts = judged["last_ts"].fill_null(_NO_TIME).to_numpy().copy()
    before_key = judged["last_seq"].fill_null(NO_SEQ).to_numpy().copy()
    later = np.flatnonzero(same)
    before_ts[later], before_key[later] = ts[later - 1], key[later - 1]
    again = same & (ts == before_ts) & (key == before_key)
    linked = (ts > before_ts) & (before_key > NO_SEQ) & (key == before_key + 1)
    passed = ts <= judged["watermark"].fill_null(_NO_TIME).to_numpy()
    blocked = ~(linked | again | passed)
    # What is blocked blocks everything after it in its device.
    count = np.cumsum(blocked)
    ready = count == (count - blocked)[start]
    known = pl.Series(before_ts > _NO_TIME)
    before = pl.Series("before_ts", before_ts)
    return pl.DataFrame(
        [
            before.zip_with(known, pl.Series([None], dtype=pl.Int64).new_from_index(0, len(ts))),
            pl.Series("again", again),
            pl.Series("ready", ready),
        ]
    )


def _courses(rows: pl.Series) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Of rows in order: whether each is of the device of the one before, and where its device begins."""
    row = rows.to_numpy()
    same = np.zeros(len(row), dtype=bool)
    same[1:] = row[1:] == row[:-1]
    return same, np.maximum.accumulate(np.where(same, 0, np.arange(len(row))))
