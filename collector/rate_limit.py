"""Limiting a device that sends far more than it should, so that the others do not feel it.

Counted by the time the device puts on its readings: what a gateway stored during an outage is not limited.
"""

from collections import Counter
from dataclasses import dataclass

import polars as pl

from devices.clock import milliseconds
from devices.messages import Devices

__all__ = ["RateLimit", "RateLimiter"]

_LOOK_EVERY_READINGS = 20_000
_LOOK_EVERY_MS = 60_000
_COUNTED = {"device": pl.String, "count": pl.UInt32, "first": pl.Int64, "last": pl.Int64}


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """How much more than one reading for each of its intervals a device may send.

    `factor`: so many times its own rate for ever; `burst`: so many readings on top at any time.
    """

    factor: float = 20.0
    burst: int = 50


@dataclass(slots=True)
class _Bucket:
    """Readings a device may still send, and the time (epoch ms) up to which it has earned them."""

    left: float
    earned_to_ms: int


class RateLimiter:
    """Finds the readings that are too many.

    All devices are counted together, every now and then, which costs next to nothing. One that sent too much
    for the time its readings span is put under a bucket that fills by that time, until it has kept to its
    rate from one look to the next.
    """

    def __init__(self, limit: RateLimit, devices: Devices) -> None:
        self._limit = limit
        self._devices = devices
        self._recent: list[pl.DataFrame] = []
        self._recent_rows = 0
        self._looked_ms: int | None = None
        self._counts = pl.DataFrame(schema=_COUNTED)
        self._buckets: dict[str, _Bucket] = {}
        self._limited_since_look: set[str] = set()
        self.limited: Counter[str] = Counter()

    @property
    def suspects(self) -> frozenset[str]:
        """The devices under a bucket."""
        return frozenset(self._buckets)

    def use(self, devices: Devices) -> None:
        """Take the intervals from another registry from now on."""
        self._devices = devices

    def excess(self, frame: pl.DataFrame, received_at_ms: int) -> pl.Series | None:
        """Which rows of a kind's judged readings are too many, as a mask; None when none is."""
        self._count(pl.DataFrame([frame["device"], frame["measured_at"].to_physical()]), received_at_ms)
        if not self._buckets:
            return None
        suspects = frame.with_row_index("place").filter(pl.col("device").is_in(list(self._buckets)))
        rows = suspects.select("place", "device", pl.col("measured_at").to_physical()).iter_rows()
        places = [place for place, device, at_ms in rows if not self._may_send(device, at_ms)]
        if not places:
            return None
        too_many = pl.repeat(value=False, n=frame.height, dtype=pl.Boolean, eager=True).scatter(
            places, values=True
        )
        devices = frame["device"].filter(too_many).to_list()
        self._limited_since_look.update(devices)
        self.limited.update(devices)
        return too_many

    def _count(self, times: pl.DataFrame, received_at_ms: int) -> None:
        self._recent.append(times)
        self._recent_rows += times.height
        if self._looked_ms is None:
            self._looked_ms = received_at_ms
        is_long_ago = received_at_ms - self._looked_ms >= _LOOK_EVERY_MS
        # A look costs as much as there are devices: with many of them it waits for as many readings.
        if is_long_ago or self._recent_rows >= max(_LOOK_EVERY_READINGS, self._counts.height):
            self._looked_ms = received_at_ms
            self._look()

    def _look(self) -> None:
        """Judge what was counted; begin anew with every device that was counted over its interval."""
        readings = pl.concat(self._recent)
        self._recent, self._recent_rows = [], 0
        fresh = readings.group_by("device").agg(
            pl.len().alias("count"),
            pl.col("measured_at").min().alias("first"),
            pl.col("measured_at").max().alias("last"),
        )
        counts = pl.concat([self._counts, fresh])
        if self._counts.height:
            counts = counts.group_by("device").agg(
                pl.col("count").sum().cast(pl.UInt32), pl.col("first").min(), pl.col("last").max()
            )
        intervals = pl.Series("interval", list(map(self._interval_ms, counts["device"].to_list())))
        spans = (pl.col("last") - pl.col("first")) / intervals
        judged = counts.with_columns(
            (pl.col("count") > spans * self._limit.factor + self._limit.burst).alias("too_many"),
            (spans >= 1).alias("done"),
        )
        self._suspect(judged.filter("too_many")["device"].to_list())
        self._counts = judged.filter(~pl.col("done") & ~pl.col("too_many")).select(_COUNTED.keys())

    def _suspect(self, devices: list[str]) -> None:
        for device in self._buckets.keys() - self._limited_since_look - set(devices):
            del self._buckets[device]
        self._limited_since_look.clear()
        for device in devices:
            self._buckets.setdefault(device, _Bucket(float(self._limit.burst), 0))

    def _interval_ms(self, device_id: str) -> int:
        device = self._devices.get(device_id)
        return milliseconds(device.interval_s) if device else 1

    def _may_send(self, device_id: str, at_ms: int) -> bool:
        bucket = self._buckets[device_id]
        passed_ms = max(at_ms - bucket.earned_to_ms, 0) if bucket.earned_to_ms else 0
        earned = passed_ms * self._limit.factor / self._interval_ms(device_id)
        bucket.left = min(bucket.left + earned, float(self._limit.burst))
        bucket.earned_to_ms = max(bucket.earned_to_ms, at_ms)
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True
