"""What the collector says of itself, as readings of a device that rules watch like any other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from devices.batch import ReadingBatch, reading_frame
from devices.messages import Reading
from devices.payloads import reading_type
from devices.registry import Device

__all__ = ["KIND", "SelfReport"]

KIND = "collector"


@dataclass(kw_only=True)
class SelfReport:
    """Makes a reading whenever the device's interval has passed. `measure` gives the kind's fields."""

    device: Device
    measure: Callable[[int], Mapping[str, Any]]
    _next_ms: int = 0
    _seq: int = 0

    def is_due(self, now_ms: int) -> bool:
        """Whether it is time for a reading (epoch ms)."""
        return now_ms >= self._next_ms

    def take(self, now_ms: int) -> ReadingBatch:
        """The reading of this moment (epoch ms); the next is due an interval later."""
        self._next_ms = now_ms + round(self.device.interval_s * 1000)
        payload = reading_type(KIND)(ts=now_ms, seq=self._seq, **self.measure(now_ms))
        self._seq += 1
        return ReadingBatch(KIND, reading_frame(KIND, [Reading(self.device, payload)], now_ms))
