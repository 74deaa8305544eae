"""What simulated devices publish."""

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

__all__ = ["OutgoingMessage", "TimeFormat", "rfc3339_ms"]


class OutgoingMessage(Struct, frozen=True, gc=False):
    """One MQTT message, to be published when the city's clock shows `at_ms` (epoch ms)."""

    at_ms: int
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class TimeFormat(StrEnum):
    """How a kind of device writes its time; the service takes both."""

    EPOCH_MS = "epoch-ms"
    RFC3339 = "rfc3339"


@lru_cache(maxsize=4096)
def _seconds(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def rfc3339_ms(at_ms: int) -> str:
    """A moment as RFC 3339 in UTC with milliseconds, such as `2026-11-22T12:00:00.123Z`."""
    return f"{_seconds(at_ms // 1000)}.{at_ms % 1000:03d}Z"
