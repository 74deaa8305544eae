"""Judging the time a device puts on its readings.

Ahead of us by more than a minute is bad. Behind is late, as after an outage, and is kept; it is bad only
when the device's freshest messages, received while we are caught up, show a constant offset, or when it lies
before 2000: then the clock was never set.
"""

from dataclasses import dataclass

import polars as pl

from devices.batch import EARLIEST_MS, TIME, TimeQuality

__all__ = ["AHEAD_LIMIT_MS", "BEHIND_LIMIT_MS", "DeviceClocks"]

AHEAD_LIMIT_MS = 60_000
BEHIND_LIMIT_MS = 600_000
_CONSTANT_WITHIN_MS = 30_000
_PROOFS_NEEDED = 3


@dataclass
class _Offset:
    """How far a device's freshest message was behind, and how often in a row it was the same."""

    measured_ms: int
    received_ms: int
    proofs: int = 1

    @property
    def behind_ms(self) -> int:
        """How far behind."""
        return self.received_ms - self.measured_ms


@dataclass(frozen=True, slots=True)
class _Span:
    """Between which times the rows of a frame lie; quickly asked of whole columns.

    `is_good`: every row has a time that neither is ahead nor belongs to a clock that was never set.
    """

    is_good: bool
    may_be_late: bool

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "_Span":
        times, received = frame["device_time"], frame["received_at"].to_physical()
        first, last = times.min(), times.max()
        received_first, received_last = received.min(), received.max()
        if not (isinstance(first, int) and isinstance(last, int)):
            return cls(is_good=False, may_be_late=False)
        assert isinstance(received_first, int) and isinstance(received_last, int)  # noqa: S101, PT018 - never null
        return cls(
            is_good=not times.null_count()
            and first >= EARLIEST_MS
            and last - received_first <= AHEAD_LIMIT_MS,
            may_be_late=received_last - first > BEHIND_LIMIT_MS,
        )


class DeviceClocks:
    """Knows which devices' clocks are constantly behind, and gives every row a time worth having."""

    def __init__(self) -> None:
        self._offsets: dict[str, _Offset] = {}

    @property
    def constantly_behind(self) -> list[str]:
        """Ids of the devices whose clocks are proven to be behind."""
        return [device for device, offset in self._offsets.items() if offset.proofs >= _PROOFS_NEEDED]

    def judge(self, frame: pl.DataFrame, *, caught_up: bool) -> pl.DataFrame:
        """The frame with `measured_at`, coming in as the device's, and `time_quality` settled."""
        if frame.height == 0:
            return frame
        span = _Span.of(frame)
        if caught_up and (self._offsets or span.may_be_late):
            self._observe(frame)
        behind = self.constantly_behind
        if span.is_good and not (behind and span.may_be_late):
            return frame  # nearly always; what follows costs ten times as much
        ahead_of_us = pl.col("measured_at") - pl.col("received_at") > pl.duration(milliseconds=AHEAD_LIMIT_MS)
        late = pl.col("received_at") - pl.col("measured_at") > pl.duration(milliseconds=BEHIND_LIMIT_MS)
        never_set = pl.col("device_time") < EARLIEST_MS
        bad = ahead_of_us | never_set
        if behind:
            bad |= late & pl.col("device").is_in(behind)
        quality = (
            pl.when(pl.col("measured_at").is_null())
            .then(pl.lit(TimeQuality.ABSENT.value))
            .when(bad)
            .then(pl.lit(TimeQuality.BAD.value))
            .otherwise(pl.lit(TimeQuality.OK.value))
            .cast(frame.schema["time_quality"])
        )
        settled = frame.with_columns(time_quality=quality)
        own_time = pl.col("time_quality") == TimeQuality.OK.value
        moment = pl.when(own_time).then(pl.col("measured_at")).otherwise(pl.col("received_at"))
        return settled.with_columns(measured_at=moment.cast(TIME))

    def _observe(self, frame: pl.DataFrame) -> None:
        """Learn from each device's freshest reading."""
        freshest = (
            frame.filter(pl.col("measured_at").is_not_null())
            .group_by("device", maintain_order=True)
            .agg(pl.col("measured_at").max().dt.epoch("ms"), pl.col("received_at").last().dt.epoch("ms"))
        )
        for device, measured_ms, received_ms in freshest.iter_rows():
            if received_ms - measured_ms > BEHIND_LIMIT_MS:
                self._learn(device, measured_ms, received_ms)
            else:
                self._offsets.pop(device, None)

    def _learn(self, device: str, measured_ms: int, received_ms: int) -> None:
        """A proof is a later message as far behind as the one before, or one whose clock has not moved."""
        known = self._offsets.get(device)
        if known is None:
            self._offsets[device] = _Offset(measured_ms, received_ms)
        elif received_ms > known.received_ms:
            change_ms = abs(known.behind_ms - (received_ms - measured_ms))
            is_proof = change_ms <= _CONSTANT_WITHIN_MS or measured_ms == known.measured_ms
            known.proofs = known.proofs + 1 if is_proof else 1
            known.measured_ms, known.received_ms = measured_ms, received_ms
