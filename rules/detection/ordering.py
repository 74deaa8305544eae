"""Which readings may be applied, in what order: watermarks, late readings, readings that wait.

A reading waits until the device's watermark passes it, unless its number follows the last applied one's: then
nothing can belong between them. So histories do not depend on the order of arrival within the lateness.
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from devices.clock import milliseconds
from rules.detection.fleet import Fleet
from rules.detection.heads import NO_ROW, Heads

__all__ = ["HEAD_TYPES", "NO_SEQ", "Ordering"]

NO_SEQ = -1
"""Stands for a missing number; real ones are not negative."""

_LONGEST_LAG_MS = 600_000
"""Clocks further behind are bad, their readings carry our time (`architecture.md`)."""

_SHORTEST_LAG_MS = -60_000
_LAG_MEMORY = 8
"""A longer delay moves the usual one by an eighth of the difference, a shorter one is believed at once."""

HEAD_TYPES: dict[str, Any] = {
    "max_ts": pl.Int64,
    "lag": pl.Int64,
    "last_ts": pl.Int64,
    "last_seq": pl.Int64,
    "floor": pl.Int64,
    "heard": pl.Int64,
}
"""Of each device: greatest time received, usual delay, time and number of the last applied reading, the time
up to which it was declared silent, and when any reading last reached us. All in ms, epoch or duration."""


_OURS = frozenset({*HEAD_TYPES, "row", "rx", "key", "before_ts", "again", "ready", "watermark", "after_gap"})


class Ordering:
    """Sorts the readings of one kind's devices and holds back those that may have a predecessor under way.

    Frames carry `row`, `ts`, `rx` (epoch ms) and `key` (the number or `NO_SEQ`) beside a batch's columns.
    """

    def __init__(self, fleet: Fleet, heads: Heads, schema: Mapping[str, Any]) -> None:
        taken = _OURS & schema.keys()
        if taken:
            raise ValueError(
                f"fields of {fleet.kind.id!r} may not be named {sorted(taken)!r}: detection uses the words"
            )
        self._fleet = fleet
        self._heads = heads
        self._lateness_ms = milliseconds(fleet.kind.lateness_s)
        added = {"row": pl.UInt32, "ts": pl.Int64, "rx": pl.Int64, "key": pl.Int64}
        self.waiting = pl.DataFrame(schema=dict(schema) | added)
        self._judged_once = _judgement(pl.col("max_ts"), self._lateness_ms)
        # Readings of the same batch count in the order in which they came.
        seen = pl.max_horizontal("max_ts", pl.col("ts").cum_max().shift(1).over("row"))
        self._judged_in_turn = _judgement(seen, self._lateness_ms)
        self._watermark = pl.col("max_ts") - self._lateness_ms
        self._ready_one = _readiness_of_one(self._watermark)
        self._ready = _readiness(self._watermark)
        self.late = 0
        self.duplicates = 0
        self.unknown_devices = 0

    def numbered(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A batch as `receive` wants it, without devices that the registry does not know."""
        known = self._fleet.numbered(frame, _WITH_KEY)
        self.unknown_devices += frame.height - known.height
        return known

    def receive(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The readings that can be applied now that a numbered batch has come, in order.

        They have the additional columns `before_ts`, the time of the device's reading before (null if none),
        and `watermark`, up to which nothing is awaited any more.
        """
        is_single = batch["row"].n_unique() == batch.height
        accepted = self._accepted(batch, is_single=is_single)
        self._note_received(accepted, is_single=is_single)
        if self.waiting.height:
            same_devices = self.waiting["row"].is_in(accepted["row"].implode())
            if same_devices.any():
                accepted = pl.concat([self.waiting.filter(same_devices), accepted])
                self.waiting = self.waiting.filter(~same_devices)
                is_single = False
        return self._release(accepted, self._ready_one if is_single else self._ready, is_single=is_single)

    def advance(self, received_up_to_ms: int) -> pl.DataFrame | None:
        """The waiting readings that the idle clock lets go, as `receive` gives them; None if none."""
        if self.waiting.height == 0:
            return None
        clock = received_up_to_ms - self._lateness_ms
        due = self.waiting["ts"] <= clock - self._heads.read(self.waiting["row"], ["lag"])["lag"]
        if not due.any():
            return None
        same_devices = self.waiting["row"].is_in(self.waiting["row"].filter(due).implode())
        rows = self.waiting.filter(same_devices)
        self.waiting = self.waiting.filter(~same_devices)
        watermark = pl.max_horizontal(self._watermark, clock - pl.col("lag"))
        return self._release(rows, _readiness(watermark), is_single=False)

    def _accepted(self, batch: pl.DataFrame, *, is_single: bool) -> pl.DataFrame:
        """The batch without readings whose place in the order has been passed and those applied before."""
        heads = self._heads.read(batch["row"], ["max_ts", "last_ts", "last_seq", "floor"])
        verdicts = batch.hstack(heads).select_seq(self._judged_once if is_single else self._judged_in_turn)
        if not verdicts["refused"].any():
            return batch
        late = batch.filter(verdicts["refused"] & ~verdicts["again"])
        self.late += late.height
        self.duplicates += batch.height - late.height - int((~verdicts["refused"]).sum())
        heard = late.group_by("row").agg(pl.col("rx").max())
        self._heads.write(heard["row"], {"heard": heard["rx"]})
        return batch.filter(~verdicts["refused"])

    def _note_received(self, accepted: pl.DataFrame, *, is_single: bool) -> None:
        times = accepted.select_seq("row", "ts", "rx", _DELAY)
        for moment in [times] if is_single else _moments(times):
            self._note_moment(moment)

    def _note_moment(self, times: pl.DataFrame) -> None:
        """Note what came of each device at one moment."""
        values = times.hstack(self._heads.read(times["row"], ["max_ts", "lag"])).select_seq(_RECEIVED)
        self._heads.write(
            times["row"], {"max_ts": values["max_ts"], "lag": values["lag"], "heard": times["rx"]}
        )

    def _release(self, rows: pl.DataFrame, readiness: list[pl.Expr], *, is_single: bool) -> pl.DataFrame:
        """Split rows into those returned and those that go (back) to wait; the heads follow the former."""
        ordered = rows if is_single else rows.sort("row", "ts", "key", maintain_order=True)
        heads = self._heads.read(ordered["row"], ["max_ts", "lag", "last_ts", "last_seq"])
        judged = ordered.hstack(heads).with_columns_seq(readiness)
        if not is_single:
            self.duplicates += int(judged["again"].sum())
            judged = judged.filter(~judged["again"])
        if not judged["ready"].all():
            held = judged.filter(~judged["ready"]).select(self.waiting.columns)
            self.waiting = pl.concat([self.waiting, held]) if self.waiting.height else held
            judged = judged.filter("ready")
        last = judged if is_single else judged.filter(_IS_LAST)
        self._heads.write(last["row"], {"last_ts": last["ts"], "last_seq": last["key"]})
        return judged


_WITH_KEY = pl.col("seq").fill_null(NO_SEQ).alias("key")
_ts, _key = pl.col("ts"), pl.col("key")
_IS_LAST = pl.col("row") != pl.col("row").shift(-1, fill_value=NO_ROW)
_DELAY = (pl.col("rx") - _ts).clip(_SHORTEST_LAG_MS, _LONGEST_LAG_MS).alias("delay")
_RECEIVED = (
    pl.max_horizontal("ts", "max_ts").alias("max_ts"),
    pl.when(pl.col("lag") < pl.col("delay"))
    .then(pl.col("lag") + (pl.col("delay") - pl.col("lag")) // _LAG_MEMORY)
    .otherwise(pl.col("delay"))
    .alias("lag"),
)


def _moments(times: pl.DataFrame) -> list[pl.DataFrame]:
    """What came of each device at its first moment, at its second, …: the usual delay follows each in turn.

    So it does not depend on how much is read at once.
    """
    together = times.group_by("row", "rx").agg(pl.col("ts").max(), pl.col("delay").min())
    if together["row"].n_unique() == together.height:
        return [together]
    nth = pl.col("rx").rank("ordinal").over("row").alias("nth")
    return together.with_columns(nth).sort("nth").partition_by("nth", include_key=False)


def _judgement(seen: pl.Expr, lateness_ms: int) -> list[pl.Expr]:
    """Whether a reading is `refused`, and whether that is because it is there `again`."""
    again = (_ts == pl.col("last_ts")) & (_key == pl.col("last_seq"))
    passed = (_ts < pl.col("last_ts")) | ((_ts == pl.col("last_ts")) & (_key <= pl.col("last_seq")))
    refused = (_ts < seen - lateness_ms) | (_ts < pl.col("floor")) | passed
    return [refused.fill_null(value=False).alias("refused"), again.fill_null(value=False).alias("again")]


def _readiness_of_one(watermark: pl.Expr) -> list[pl.Expr]:
    """As `_readiness`, for readings of which each is of another device."""
    last_key = pl.col("last_seq")
    linked = (_ts > pl.col("last_ts")) & (last_key > NO_SEQ) & (_key == last_key + 1)
    return [
        pl.col("last_ts").alias("before_ts"),
        (linked | (_ts <= watermark)).fill_null(value=False).alias("ready"),
        watermark.alias("watermark"),
    ]


def _readiness(watermark: pl.Expr) -> list[pl.Expr]:
    """Columns of sorted readings: whether one is there `again` or `ready`, the time before, the watermark."""
    same = pl.col("row") == pl.col("row").shift(1, fill_value=NO_ROW)
    before_ts = pl.when(same).then(_ts.shift(1)).otherwise(pl.col("last_ts"))
    before_key = pl.when(same).then(_key.shift(1)).otherwise(pl.col("last_seq"))
    again = (same & (_ts == _ts.shift(1)) & (_key == _key.shift(1))).fill_null(value=False)
    linked = (_ts > before_ts) & (before_key > NO_SEQ) & (_key == before_key + 1)
    free = (linked | again | (_ts <= watermark)).fill_null(value=False)
    blocked = free.not_().cast(pl.Int64)
    # What is blocked blocks everything after it in its device; the sum at a device's start is its zero.
    zero = pl.when(~same).then(blocked.cum_sum() - blocked).forward_fill()
    return [
        before_ts.alias("before_ts"),
        again.alias("again"),
        (blocked.cum_sum() == zero).alias("ready"),
        watermark.alias("watermark"),
    ]
