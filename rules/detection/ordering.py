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
from rules.detection.readiness import NO_SEQ, places, readiness

__all__ = ["HEAD_TYPES", "Ordering"]

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
        self._judged_in_turn = _judgement(pl.max_horizontal("max_ts", "earlier"), self._lateness_ms)
        self._watermark = pl.col("max_ts") - self._lateness_ms
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
        return self._release(accepted, self._watermark, is_single=is_single)

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
        return self._release(rows, watermark, is_single=False)

    def _accepted(self, batch: pl.DataFrame, *, is_single: bool) -> pl.DataFrame:
        """The batch without readings whose place in the order has been passed and those applied before."""
        heads = self._heads.read(batch["row"], ["max_ts", "last_ts", "last_seq", "floor"])
        if is_single:
            verdicts = batch.hstack(heads).select_seq(self._judged_once)
        else:
            verdicts = batch.hstack([*heads, _earlier(batch)]).select_seq(self._judged_in_turn)
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

    def _release(self, rows: pl.DataFrame, watermark: pl.Expr, *, is_single: bool) -> pl.DataFrame:
        """Split rows into those returned and those that go (back) to wait; the heads follow the former."""
        # Only what decides is put in order and judged; the readings with all their columns move once.
        order = None if is_single else rows.select(_ORDER).to_series()
        keys = rows.select("row", "ts", "key")
        keys = keys if order is None else keys[order]
        heads = self._heads.read(keys["row"], ["max_ts", "lag", "last_ts", "last_seq"])
        judged = keys.hstack(heads).with_columns_seq(watermark.alias("watermark"))
        judged = judged.with_columns_seq(_READY_OF_ONE) if order is None else judged.hstack(readiness(judged))
        going = judged["ready"]
        if order is not None:
            self.duplicates += int(judged["again"].sum())
            going &= ~judged["again"]
        if not going.all():
            self._hold(rows, order, judged)
            judged, order = judged.filter(going), going.arg_true() if order is None else order.filter(going)
        last = judged if is_single else judged.filter(_IS_LAST)
        self._heads.write(last["row"], {"last_ts": last["ts"], "last_seq": last["key"]})
        released = rows if order is None else rows[order]
        return released.hstack(judged.select("before_ts", "watermark"))

    def _hold(self, rows: pl.DataFrame, order: pl.Series | None, judged: pl.DataFrame) -> None:
        """Let those wait that are not ready; the same reading again needs no second place."""
        waits = ~judged["ready"]
        if order is not None:
            waits &= ~judged["again"]
        held = rows[waits.arg_true() if order is None else order.filter(waits)].select(self.waiting.columns)
        self.waiting = pl.concat([self.waiting, held]) if self.waiting.height else held


_WITH_KEY = pl.col("seq").fill_null(NO_SEQ).alias("key")
_ORDER = pl.arg_sort_by("row", "ts", "key", maintain_order=True)
_ts, _key = pl.col("ts"), pl.col("key")
_READY_OF_ONE = (
    pl.col("last_ts").alias("before_ts"),
    (
        (_ts > pl.col("last_ts")) & (pl.col("last_seq") > NO_SEQ) & (_key == pl.col("last_seq") + 1)
        | (_ts <= pl.col("watermark"))
    )
    .fill_null(value=False)
    .alias("ready"),
)  # what `readiness` says, for readings of which each is of another device
_IS_LAST = pl.col("row") != pl.col("row").shift(-1, fill_value=NO_ROW)
_ground = pl.col("row").cast(pl.Int64) * 2**43  # a million devices; epoch ms have 41 bits
_lifted = _ground + _ts
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
    together = times.group_by("row", "rx").agg(pl.col("ts").max(), pl.col("delay").min()).sort("row", "rx")
    nth = places(together["row"])
    return [together.filter(nth == number) for number in range(int(nth.max() or 0) + 1)]  # type: ignore[arg-type]


def _earlier(batch: pl.DataFrame) -> pl.Series:
    """The greatest time of a device's readings that came before in the batch; null for its first."""
    order = batch.select(pl.arg_sort_by("row", maintain_order=True)).to_series()
    # A device's times lifted above those of the devices before: one maximum instead of one for each of them.
    found = batch.select("row", "ts")[order].select(
        pl.when(pl.col("row") == pl.col("row").shift(1)).then(_lifted.cum_max().shift(1) - _ground)
    )
    return found.to_series()[order.arg_sort()].alias("earlier")


def _judgement(seen: pl.Expr, lateness_ms: int) -> list[pl.Expr]:
    """Whether a reading is `refused`, and whether that is because it is there `again`."""
    again = (_ts == pl.col("last_ts")) & (_key == pl.col("last_seq"))
    passed = (_ts < pl.col("last_ts")) | ((_ts == pl.col("last_ts")) & (_key <= pl.col("last_seq")))
    refused = (_ts < seen - lateness_ms) | (_ts < pl.col("floor")) | passed
    return [refused.fill_null(value=False).alias("refused"), again.fill_null(value=False).alias("again")]
