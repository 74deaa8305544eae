"""The MQTT 5 packets that we send at QoS 0 and 1, as bytes (OASIS MQTT 5.0, section 3); no I/O, no state."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from devices.mqtt_wire import LARGEST_ID, Property, encode_binary, encode_length, encode_text

__all__ = [
    "PINGREQ",
    "Connect",
    "Will",
    "encode_connect",
    "encode_disconnect",
    "encode_pubacks",
    "encode_publish",
    "encode_subscribe",
]

PINGREQ = b"\xc0\x00"
_PROTOCOL = b"\x00\x04MQTT\x05"
_PUBACK_SUCCESS = 0x40_02_00_00


class Will(NamedTuple):
    """What the broker publishes for us when our connection is lost."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


class Connect(Struct, frozen=True, kw_only=True):
    """What a client says first. `receive_maximum` is how many QoS 1 messages it takes unacknowledged."""

    client_id: str
    clean_start: bool = True
    keep_alive_s: int = 60
    session_expiry_s: int = 0
    receive_maximum: int = LARGEST_ID
    user: str | None = None
    password: str | None = None
    will: Will | None = None


def encode_connect(connect: Connect) -> bytes:
    """A CONNECT packet. It announces no topic aliases: the broker may not use any.

    Raises:
        ValueError: a text or number that MQTT cannot carry.
    """
    if not 1 <= connect.receive_maximum <= LARGEST_ID:
        raise ValueError(f"a receive maximum is 1 to {LARGEST_ID}, got {connect.receive_maximum!r}")
    flags = connect.clean_start << 1
    properties = bytes([Property.SESSION_EXPIRY]) + _number(connect.session_expiry_s, 4)
    properties += bytes([Property.RECEIVE_MAXIMUM]) + _number(connect.receive_maximum, 2)
    payload = encode_text(connect.client_id)
    if (will := connect.will) is not None:
        flags |= 0x04 | _checked_qos(will.qos) << 3 | will.retain << 5
        payload += encode_length(0) + encode_text(will.topic) + encode_binary(will.payload)
    if connect.user is not None:
        flags |= 0x80
        payload += encode_text(connect.user)
    if connect.password is not None:
        flags |= 0x40
        payload += encode_text(connect.password)
    head = _PROTOCOL + bytes([flags]) + _number(connect.keep_alive_s, 2)
    return _packet(0x10, head + encode_length(len(properties)) + properties + payload)


def encode_subscribe(packet_id: int, filters: Sequence[str], qos: int = 1) -> bytes:
    """A SUBSCRIBE packet; retained messages are sent at each subscription.

    Raises:
        ValueError: no filter, or one that MQTT cannot carry.
    """
    if not filters:
        raise ValueError("a SUBSCRIBE names at least one filter")
    options = bytes([_checked_qos(qos)])
    wanted = b"".join(encode_text(name) + options for name in filters)
    return _packet(0x82, _checked_id(packet_id) + encode_length(0) + wanted)


def encode_publish(topic: str, payload: bytes, packet_id: int = 0, *, retain: bool = False) -> bytes:
    """A PUBLISH packet, at QoS 1 when it has a packet id (1 to 65,535) and at QoS 0 without.

    Raises:
        ValueError: a topic or packet id that MQTT cannot carry.
    """
    if not topic or "+" in topic or "#" in topic:
        raise ValueError(f"a topic is not empty and has no + or #, got {topic!r}")
    number = _checked_id(packet_id) if packet_id else b""
    header = 0x30 | bool(packet_id) << 1 | retain
    return _packet(header, encode_text(topic) + number + encode_length(0) + payload)


def encode_pubacks(packet_ids: Sequence[int]) -> bytes:
    """PUBACK packets with the reason success, one after the other.

    Raises:
        ValueError: a packet id that is none.
    """
    if packet_ids and not (min(packet_ids) >= 1 and max(packet_ids) <= LARGEST_ID):
        raise ValueError(f"packet ids are 1 to {LARGEST_ID}, got {min(packet_ids)} to {max(packet_ids)}")
    return struct.pack(f">{len(packet_ids)}I", *[_PUBACK_SUCCESS | number for number in packet_ids])


def encode_disconnect(reason: int = 0) -> bytes:
    """A DISCONNECT packet; 0x04 asks the broker to publish the will."""
    return _packet(0xE0, bytes([reason]) if reason else b"")


def _packet(header: int, body: bytes) -> bytes:
    return bytes([header]) + encode_length(len(body)) + body


def _number(value: int, size: int) -> bytes:
    try:
        return value.to_bytes(size, "big")
    except OverflowError:
        raise ValueError(f"{value!r} does not fit into {size} bytes") from None


def _checked_id(packet_id: int) -> bytes:
    if not 1 <= packet_id <= LARGEST_ID:
        raise ValueError(f"packet ids are 1 to {LARGEST_ID}, got {packet_id!r}")
    return packet_id.to_bytes(2, "big")


def _checked_qos(qos: int) -> int:
    if qos not in (0, 1):
        raise ValueError(f"QoS is 0 or 1 here, got {qos!r}")
    return qos
