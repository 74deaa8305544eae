"""Messages that nobody can use, each kind with the word under which it must be listed."""

import json
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

from devices.device import Device
from devices.errors import Rejection
from devices.topics import Channel, native_topic
from simulators.messages import OutgoingMessage

__all__ = ["Mixture", "good_messages", "mixed_messages"]

_STEP_MS = 1_000
_OVERSIZED = 20_000
_NESTED = 1_200
_LAMP = {
    "cmd_on": True,
    "dim_pct": 100,
    "power_w": 59.5,
    "voltage_v": 229.5,
    "current_a": 0.27,
    "temp_c": 41.0,
}

_Make = Callable[[Device, int, int], tuple[str, bytes]]


class Mixture(NamedTuple):
    """Poison among good messages; `rows` is what must be stored, `letters` what must be listed, by reason."""

    messages: list[OutgoingMessage]
    rows: int
    letters: dict[str, int]


def good_messages(lamps: Sequence[Device], count: int) -> list[OutgoingMessage]:
    """Readings of lamps in turn, each lamp once a second up to now."""
    rounds = -(-count // len(lamps))
    begin_ms = time.time_ns() // 1_000_000 - rounds * _STEP_MS
    every = (
        OutgoingMessage(begin_ms + number * _STEP_MS, _topic(device), _reading(begin_ms, number))
        for number in range(rounds)
        for device in lamps
    )
    return list(islice(every, count))


def mixed_messages(lamps: Sequence[Device], count: int) -> Mixture:
    """So many good messages, and behind each a bad one; all sorts of poison in turn."""
    good = good_messages(lamps, count)
    messages: list[OutgoingMessage] = []
    letters: dict[str, int] = {}
    in_arrays = 0
    for place, message in enumerate(good):
        reason, make = _POISON[place % len(_POISON)]
        topic, payload = make(lamps[place % len(lamps)], message.at_ms, place)
        messages += [message, OutgoingMessage(message.at_ms, topic, payload)]
        letters[str(reason)] = letters.get(str(reason), 0) + 1
        in_arrays += make is _bad_element
    return Mixture(messages, count + in_arrays, letters)


def _topic(device: Device) -> str:
    return native_topic(device.area, device.kind, device.id, Channel.TELEMETRY)


def _reading(begin_ms: int, number: int) -> bytes:
    body = {"ts": begin_ms + number * _STEP_MS, "seq": number, **_LAMP}
    return json.dumps(body).encode()


def _at_home(payload: bytes) -> _Make:
    """Poison on the device's own topic."""
    return lambda device, _at_ms, _place: (_topic(device), payload)


def _of_another_kind(device: Device, at_ms: int, _place: int) -> tuple[str, bytes]:
    return native_topic(device.area, "wifi-ap", device.id, Channel.TELEMETRY), b'{"ts": %d}' % at_ms


def _of_a_stranger(device: Device, at_ms: int, _place: int) -> tuple[str, bytes]:
    return native_topic(device.area, device.kind, "NOBODY-1", Channel.TELEMETRY), b'{"ts": %d}' % at_ms


def _bad_element(device: Device, at_ms: int, place: int) -> tuple[str, bytes]:
    """An array: its good element is stored, its bad one is a dead letter."""
    body = b'[{"ts": %d, "seq": %d}, {"ts": %d, "seq": "nine"}]' % (at_ms + 500, 10**6 + place, at_ms)
    return _topic(device), body


_POISON: Sequence[tuple[str, _Make]] = (
    (Rejection.NOT_JSON, _at_home(b'{"ts": 1795000000000, "power_w": 1')),
    (Rejection.NOT_JSON, _at_home(b'{"ts": 1795000000000, "power_w": NaN}')),
    (Rejection.NOT_JSON, _at_home(b"\x00\x01\x02\x03")),
    (Rejection.OVERSIZED, _at_home(b'{"firmware": "' + b"x" * _OVERSIZED + b'"}')),
    (Rejection.NOT_UTF8, _at_home(b'{"firmware": "\xff\xfe"}')),
    (Rejection.TOO_DEEP, _at_home(b"[" * _NESTED + b"]" * _NESTED)),
    (Rejection.SCHEMA, _at_home(b'{"ts": 1795000000000, "power_w": "much"}')),
    (Rejection.SCHEMA, _at_home(b'{"ts": "a quarter past nine", "power_w": 1}')),
    (Rejection.SCHEMA, _at_home(b'"hello"')),
    (Rejection.DEVICE_MISMATCH, _at_home(b'{"device": "SOMEBODY-ELSE", "power_w": 1}')),
    (Rejection.WRONG_KIND, _of_another_kind),
    (Rejection.UNKNOWN_DEVICE, _of_a_stranger),
    (Rejection.TOPIC, lambda device, _at_ms, _place: (_topic(device).replace(device.area, "No_Ward"), b"{}")),
    (Rejection.SCHEMA, _bad_element),
)
