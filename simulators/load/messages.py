"""What a process of the load knows of the devices: little, so that it starts in no time."""

from msgspec import Struct

__all__ = ["FIRST_SEQ", "DeviceMessages", "stamp"]

FIRST_SEQ = 100_000_000
"""Numbers begin here: all have nine digits, so that every message of a device is equally long."""


class DeviceMessages(Struct, frozen=True):
    """What one device publishes: `{"ts":…,"seq":…` is followed by one of `tails`."""

    device: str
    topic: str
    tails: tuple[bytes, ...]


def stamp(ts_ms: int, seq: int) -> bytes:
    """The beginning of a payload: always equally long."""
    return b'{"ts":%d,"seq":%d' % (ts_ms, seq)
