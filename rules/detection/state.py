"""The state of one device as it is stored: everything that detection must know to go on where it stopped."""

from typing import Any

import msgspec
from msgspec import Struct

from rules.detection.flapping import FlapState
from rules.detection.machine import PairState
from rules.detection.silences import SilentState
from rules.detection.usual import KeptUsual

__all__ = ["DeviceState", "decode", "encode"]


class DeviceState(Struct, omit_defaults=True, kw_only=True):
    """A device's place in the order of its readings, and what the rules know of it.

    `heads` are the columns of `Ordering` and the readings before, by name. `waiting` are readings that wait
    for their place, times as epoch ms. `versions` are those of the rules of `pairs`. `past` is what window
    functions remember: times under `ts` and values by name; `told` the same, what rules about other devices
    ask. `passages` are a camera's: time, vehicles, plates unread. `deferred` are readings whose rules wait
    for other devices. `usual` is what is usual by the hour. Unknown members of a newer version are ignored.
    """

    heads: dict[str, Any]
    waiting: list[dict[str, Any]] = []
    pairs: dict[str, PairState] = {}
    versions: dict[str, int] = {}
    silent: dict[str, SilentState] = {}
    seen: dict[str, int] = {}
    past: dict[str, list[float]] = {}
    told: dict[str, list[float]] = {}
    passages: list[tuple[int, int, int]] = []
    deferred: list[dict[str, Any]] = []
    flaps: dict[str, FlapState] = {}
    usual: dict[str, KeptUsual] = {}


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(DeviceState)


def encode(state: DeviceState) -> bytes:
    """The state as bytes."""
    return _ENCODER.encode(state)


def decode(blob: bytes) -> DeviceState:
    """The state in bytes that `encode` made.

    Raises:
        msgspec.DecodeError: they are something else.
    """
    return _DECODER.decode(blob)
