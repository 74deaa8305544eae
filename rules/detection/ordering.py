"""Which readings may be applied, in what order: watermarks, late readings, readings that wait.

A reading waits until the device's watermark passes it, unless its number follows the last applied one's: then
nothing can belong between them. So histories do not depend on the order of arrival within the lateness.
"""

from typing import Any

import polars as pl

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
    "late_rx": pl.Int64,
}
"""Of each device: greatest time received, usual delay, time and number of the last applied reading, the time
up to which it was declared silent, and when a late reading last reached us. All in ms, epoch or duration."""


class Ordering:
    """Sorts the readings of one kind's devices and holds back those that may have a predecessor under way.

    Frames carry `row`, `ts`, `rx` (epoch ms) and `key` (the number or `NO_SEQ`) beside a batch's columns.
    """

    def __init__(self, fleet: Fleet, heads: Heads, schema: dict[str, Any]) -> None:
        self._fleet = fleet
        self._heads = heads
        self._lateness_ms = round(fleet.kind.lateness_s * 1000)
        added = {"row": pl.UInt32, "ts": pl.Int64, "rx": pl.Int64, "key": pl.Int64}
        self.waiting = pl.DataFrame(schema=schema | added)
        self.late = 0
        self.duplicates = 0
        self.unknown_devices = 0

    def numbered(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A batch as `receive` wants it, without devices that the registry does not know."""
        known = self._fleet.numbered(frame)
        self.unknown_devices += frame.height - known.height
        return known.with_columns(key=pl.col("seq").fill_null(NO_SEQ))

    def receive(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The readings that can be applied now that a numbered batch has come, in order.

        They have the additional column `before_ts`: the time of the device's reading before, null if none.
        """
        judged = self._judged(batch)
        accepted = judged.filter(~pl.col("late") & ~pl.col("again"))
        if accepted.height < judged.height:
            self._note_rejected(judged)
        self._note_received(accepted)
        rows = accepted.select(self.waiting.columns)
        if self.waiting.height:
            same_devices = self.waiting["row"].is_in(rows["row"].implode())
            rows = pl.concat([self.waiting.filter(same_devices), rows])
            self.waiting = self.waiting.filter(~same_devices)
        return self._release(rows, None)

    def advance(self, received_up_to_ms: int) -> pl.DataFrame:
        """The waiting readings that the idle clock lets go, in order, as `receive` gives them."""
        if self.waiting.height == 0:
            return self._release(self.waiting, None)
        lag = self._heads.read(self.waiting["row"], ["lag"])["lag"]
        due = self.waiting["ts"] <= received_up_to_ms - self._lateness_ms - lag
        same_devices = self.waiting["row"].is_in(self.waiting["row"].filter(due).implode())
        rows = self.waiting.filter(same_devices)
        self.waiting = self.waiting.filter(~same_devices)
        return self._release(rows, received_up_to_ms)

    def _judged(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The batch with `late` (its place in the order has been passed) and `again` (applied before)."""
        heads = self._heads.read(batch["row"], ["max_ts", "last_ts", "last_seq", "floor"])
        frame = batch.hstack(heads)
        seen = pl.col("max_ts")
        if frame["row"].n_unique() < frame.height:
            # Readings of the same batch count in the order in which they came.
            seen = pl.max_horizontal(seen, pl.col("ts").cum_max().shift(1).over("row"))
        ts, key, last_ts = pl.col("ts"), pl.col("key"), pl.col("last_ts")
        again = (ts == last_ts) & (key == pl.col("last_seq"))
        passed = (ts < last_ts) | ((ts == last_ts) & (key < pl.col("last_seq")))
        late = (ts < seen - self._lateness_ms).fill_null(value=False) | (ts < pl.col("floor")).fill_null(
            value=False
        )
        return frame.with_columns(
            late=(late | passed.fill_null(value=False)) & ~again.fill_null(value=False),
            again=again.fill_null(value=False),
        )

    def _note_rejected(self, judged: pl.DataFrame) -> None:
        late = judged.filter("late")
        self.late += late.height
        self.duplicates += judged["again"].sum()
        heard = late.group_by("row").agg(pl.col("rx").max())
        self._heads.write(heard["row"], {"late_rx": heard["rx"]})

    def _note_received(self, accepted: pl.DataFrame) -> None:
        delay = (pl.col("rx") - pl.col("ts")).clip(_SHORTEST_LAG_MS, _LONGEST_LAG_MS)
        newest = accepted.group_by("row").agg(pl.col("ts").max(), delay.min().alias("delay"))
        known = self._heads.read(newest["row"], ["max_ts", "lag"])
        lag, fresh = pl.col("lag"), pl.col("delay")
        values = newest.hstack(known).select(
            max_ts=pl.max_horizontal("ts", "max_ts"),
            lag=pl.when(lag < fresh).then(lag + (fresh - lag) // _LAG_MEMORY).otherwise(fresh),
        )
        self._heads.write(newest["row"], {"max_ts": values["max_ts"], "lag": values["lag"]})

    def _release(self, rows: pl.DataFrame, received_up_to_ms: int | None) -> pl.DataFrame:
        """Split rows into those returned and those that go (back) to wait; the heads follow the former."""
        ordered = rows.sort("row", "ts", "key", maintain_order=True)
        heads = self._heads.read(ordered["row"], ["max_ts", "lag", "last_ts", "last_seq"])
        watermark = pl.col("max_ts") - self._lateness_ms
        if received_up_to_ms is not None:
            watermark = pl.max_horizontal(watermark, received_up_to_ms - self._lateness_ms - pl.col("lag"))
        judged = (
            ordered.hstack(heads)
            .with_columns(_LINKS)
            .with_columns(
                again=pl.col("same")
                & (pl.col("ts") == pl.col("before_ts"))
                & (pl.col("key") == pl.col("before_key")),
                linked=((pl.col("ts") > pl.col("before_ts")) & _FOLLOWS).fill_null(value=False),
                watermark=watermark,
            )
        )
        blocked = ~pl.col("linked") & ~pl.col("again") & (pl.col("ts") > pl.col("watermark"))
        blocks = blocked.cast(pl.Int64).cum_sum()
        # What is blocked blocks everything after it in its device; the sum at a device's start is its zero.
        zero = pl.when(~pl.col("same")).then(blocks - blocked.cast(pl.Int64)).forward_fill()
        judged = judged.with_columns(ready=blocks == zero)
        if not judged["ready"].all():
            held = judged.filter(~pl.col("ready") & ~pl.col("again")).select(self.waiting.columns)
            self.waiting = pl.concat([self.waiting, held])
        ready = judged.filter(pl.col("ready") & ~pl.col("again"))
        self.duplicates += judged["again"].sum()
        self._note_applied(ready)
        return ready

    def _note_applied(self, ready: pl.DataFrame) -> None:
        last = ready.filter(pl.col("row") != pl.col("row").shift(-1, fill_value=NO_ROW))
        self._heads.write(last["row"], {"last_ts": last["ts"], "last_seq": last["key"]})


_SAME = pl.col("row") == pl.col("row").shift(1, fill_value=NO_ROW)
_LINKS = (
    _SAME.alias("same"),
    pl.when(_SAME).then(pl.col("ts").shift(1)).otherwise(pl.col("last_ts")).alias("before_ts"),
    pl.when(_SAME).then(pl.col("key").shift(1)).otherwise(pl.col("last_seq")).alias("before_key"),
)
_FOLLOWS = (pl.col("before_key") > NO_SEQ) & (pl.col("key") == pl.col("before_key") + 1)
