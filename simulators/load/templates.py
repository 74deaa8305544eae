"""Messages of a city's devices, made once: sending one costs no more than joining four pieces of bytes.

The values are those of the moment given: lamps of a night burn, lamps of a day do not. Only the time (epoch
ms) and the number are put anew, so a device repeats its values after as many messages as it has variants.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from devices.topics import Channel, parse_native
from simulators.city import SimulatedCity
from simulators.load.messages import FIRST_SEQ, DeviceMessages, stamp
from simulators.scenario import load_scenario
from simulators.simulation import Simulation

__all__ = ["PAYLOAD_BYTES", "device_messages"]

PAYLOAD_BYTES = 220
"""A reading says as many of its kind's fields as fit."""

_MESSAGES_KEPT = 20_000
_MOST_VARIANTS = 8
_STEP_MS = 10_000
_MOST_STEPS = 2_000

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def device_messages(city: SimulatedCity, *, seed: int, at_ms: int) -> list[DeviceMessages]:
    """The messages of every device that speaks, at a moment (epoch ms), in an order given by the seed.

    All devices have the same number of variants: eight, fewer in a city of many thousands.

    Raises:
        ValueError: no device of the city says anything.
    """
    simulation = Simulation(city, load_scenario("quiet"), seed=seed, start_ms=at_ms)
    speaking = sum(not device.is_passive for device in city.devices)
    wanted = max(1, min(_MOST_VARIANTS, _MESSAGES_KEPT // max(1, speaking)))
    found: dict[str, list[bytes]] = {}
    for _ in range(_MOST_STEPS):
        for message in simulation.advance(simulation.now_ms + _STEP_MS):
            if message.topic.endswith(f"/{Channel.TELEMETRY}"):
                tails = found.setdefault(message.topic, [])
                if len(tails) < wanted:
                    tails.append(_tail(message.payload))
        if len(found) == speaking and all(len(tails) == wanted for tails in found.values()):
            break
    if not found:
        raise ValueError(f"none of the {len(city.devices)} devices says anything")
    made = [
        DeviceMessages(parse_native(topic).device, topic, _repeated(tails, wanted))
        for topic, tails in sorted(found.items())
    ]
    # Mixed, so that no stretch of the load consists of one kind.
    Random(seed).shuffle(made)
    return made


def _tail(payload: bytes) -> bytes:
    """What stands behind time and number: the fields that fit, and the end of the object."""
    members = msgspec.json.decode(payload)
    first = members[0] if isinstance(members, list) else members
    room = PAYLOAD_BYTES - len(stamp(10**12, FIRST_SEQ)) - 1
    tail = b""
    for name, value in first.items():
        if name in {"ts", "seq"}:
            continue
        field = b"," + _encode({name: value})[1:-1]
        if len(tail) + len(field) > room:
            break
        tail += field
    return tail + b"}"


def _repeated(tails: Sequence[bytes], wanted: int) -> tuple[bytes, ...]:
    """A device that spoke too seldom says the same again."""
    return tuple(tails[number % len(tails)] for number in range(wanted))
