"""The MQTT 5 packets that a broker sends us, at QoS 0 and 1 (OASIS MQTT 5.0, section 3).

Made for our two hot paths, without I/O or state: a connection keeps a buffer, asks `frame_at` where the next
packet ends and hands it to `decode`; runs of messages go through `take_publishes`. What we send stands in
`devices/mqtt_encoding.py`. Not a general client: paho-mqtt is that.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import lru_cache
from typing import Any

from msgspec import Struct

from devices.errors import MqttPacketError
from devices.mqtt_wire import LARGEST_ID, Cursor, Property, encode_binary, length_at

__all__ = [
    "REFUSED",
    "Connack",
    "Disconnect",
    "Packet",
    "PacketType",
    "Pingresp",
    "Puback",
    "Publish",
    "Suback",
    "decode",
    "frame_at",
    "take_publishes",
]

REFUSED = 0x80
"""Reason codes from here on say no."""

_PUBLISH = 0x30  # looking up a member of an enumeration costs too much for every message
_PUBLISH_FLAGS = {
    _PUBLISH | duplicate << 3 | qos << 1 | retain: (bool(duplicate), qos, bool(retain))
    for duplicate, qos in ((0, 0), (0, 1), (1, 1))  # DUP at QoS 0 is malformed
    for retain in (0, 1)
}
_KNOWN_TOPICS = 131_072

_OF_PUBLISH = frozenset(
    {
        Property.PAYLOAD_FORMAT,
        Property.MESSAGE_EXPIRY,
        Property.TOPIC_ALIAS,
        Property.RESPONSE_TOPIC,
        Property.CORRELATION_DATA,
        Property.USER_PROPERTY,
        Property.SUBSCRIPTION_ID,
        Property.CONTENT_TYPE,
    }
)
_OF_ACK = frozenset({Property.REASON_STRING, Property.USER_PROPERTY})
_OF_DISCONNECT = _OF_ACK | {Property.SERVER_REFERENCE}
_OF_CONNACK = _OF_DISCONNECT | {
    Property.SESSION_EXPIRY,
    Property.RECEIVE_MAXIMUM,
    Property.MAXIMUM_QOS,
    Property.RETAIN_AVAILABLE,
    Property.MAXIMUM_PACKET_SIZE,
    Property.ASSIGNED_CLIENT_ID,
    Property.TOPIC_ALIAS_MAXIMUM,
    Property.WILDCARD_AVAILABLE,
    Property.SUBSCRIPTION_ID_AVAILABLE,
    Property.SHARED_AVAILABLE,
    Property.SERVER_KEEP_ALIVE,
    Property.RESPONSE_INFORMATION,
    Property.AUTHENTICATION_METHOD,
    Property.AUTHENTICATION_DATA,
}


class PacketType(IntEnum):
    """First byte of the packets that a broker sends us, PUBLISH without its flags."""

    CONNACK = 0x20
    PUBLISH = _PUBLISH
    PUBACK = 0x40
    SUBACK = 0x90
    PINGRESP = 0xD0
    DISCONNECT = 0xE0


class Connack(Struct, frozen=True):
    """The broker's answer to CONNECT; what it did not say has the value that the standard gives it.

    `maximum_packet_bytes`, `server_keep_alive_s` and `assigned_client_id` are None when it named none.
    """

    session_present: bool
    reason: int
    receive_maximum: int = LARGEST_ID
    maximum_packet_bytes: int | None = None
    server_keep_alive_s: int | None = None
    assigned_client_id: str | None = None


class Suback(Struct, frozen=True):
    """The broker's answer to SUBSCRIBE: for each filter the granted QoS, or a reason of 0x80 and more."""

    packet_id: int
    reasons: tuple[int, ...]


class Puback(Struct, frozen=True, gc=False):
    """The broker has a message of ours; a reason of 0x80 and more says that it refused it."""

    packet_id: int
    reason: int = 0


class Publish(Struct, frozen=True, gc=False):
    """A message of the broker; `packet_id` is 0 at QoS 0."""

    topic: str
    payload: bytes
    duplicate: bool
    qos: int
    retain: bool
    packet_id: int


class Pingresp(Struct, frozen=True):
    """The broker is alive."""


class Disconnect(Struct, frozen=True):
    """The broker ends the connection, and why."""

    reason: int


Packet = Connack | Suback | Puback | Publish | Pingresp | Disconnect


def frame_at(buffer: bytes, start: int) -> tuple[int, int] | None:
    """Where the fields of the packet at `start` begin and end; None while a part of it is missing.

    Raises:
        MqttPacketError: its length is none.
    """
    found = length_at(buffer, start + 1)
    if found is None:
        return None
    length, begin = found
    return (begin, begin + length) if begin + length <= len(buffer) else None


def take_publishes(buffer: bytes, start: int, found: list[Publish]) -> int:
    """Append the PUBLISH packets that stand complete from `start` on; where the first other byte stands.

    That is the end, another packet, or the part of one that is still under way.

    Raises:
        MqttPacketError: one of them breaks the standard; those before it were appended.
    """
    size = len(buffer)
    while start + 4 < size and buffer[start] & 0xF0 == _PUBLISH:
        low, high = buffer[start + 1], buffer[start + 2]
        if low >= 0x80 and 0 < high < 0x80:  # noqa: PLR2004 - two bytes: the length of nearly every message
            begin = start + 3
            end = begin + (low & 0x7F | high << 7)
            if end > size:
                break
        elif (frame := frame_at(buffer, start)) is not None:
            begin, end = frame
        else:
            break
        found.append(_publish(buffer, buffer[start], begin, end))
        start = end
    return start


def decode(buffer: bytes, start: int, begin: int, end: int) -> Packet:
    """The packet at `start` whose fields stand from `begin` to `end` (see `frame_at`).

    Raises:
        MqttPacketError: it breaks the standard, or is none that a broker may send to us.
    """
    header = buffer[start]
    if header & 0xF0 == _PUBLISH:
        return _publish(buffer, header, begin, end)
    reader = _DECODERS.get(header)
    if reader is None:
        raise MqttPacketError(f"a broker does not send packets that begin with 0x{header:02x}")
    cursor = Cursor(buffer, begin, end)
    packet = reader(cursor)
    if not cursor.is_at_end:
        raise MqttPacketError(f"{len(cursor.rest())} bytes follow the fields of a 0x{header:02x}")
    return packet


def _publish(buffer: bytes, header: int, begin: int, end: int) -> Publish:
    """Indices instead of a cursor: this runs for every message."""
    flags = _PUBLISH_FLAGS.get(header)
    if flags is None:
        raise MqttPacketError(f"no message of QoS 0 or 1 begins with 0x{header:02x}")
    duplicate, qos, retain = flags
    if begin + 3 > end:
        raise MqttPacketError(f"a message has a topic, got {end - begin} bytes")
    topic_end = begin + 2 + (buffer[begin] << 8 | buffer[begin + 1])
    properties_at = topic_end + 2 * qos
    if properties_at >= end:
        raise MqttPacketError(f"the message ends {properties_at + 1 - end} bytes too early")
    packet_id = buffer[topic_end] << 8 | buffer[topic_end + 1] if qos else 0
    if qos and not packet_id:
        raise MqttPacketError("a message of QoS 1 has a packet id, got 0")
    payload_at = properties_at + 1 if buffer[properties_at] == 0 else _skip(buffer, properties_at, end)
    topic = _topic(buffer[begin + 2 : topic_end])
    return Publish(topic, buffer[payload_at:end], duplicate, qos, retain, packet_id)


def _skip(buffer: bytes, at: int, end: int) -> int:
    """Where the payload begins after properties that say nothing we use."""
    cursor = Cursor(buffer, at, end)
    if Property.TOPIC_ALIAS in cursor.properties(_OF_PUBLISH):
        raise MqttPacketError("a topic alias was used, but none was allowed")
    return cursor.at


@lru_cache(maxsize=_KNOWN_TOPICS)
def _topic(name: bytes) -> str:
    """A topic name as text; every device's comes again and again."""
    topic = Cursor(encode_binary(name), 0, len(name) + 2).text()
    if not topic or "+" in topic or "#" in topic:
        raise MqttPacketError(f"a topic is not empty and has no + or #, got {topic!r}")
    return topic


def _connack(cursor: Cursor) -> Connack:
    flags, reason = cursor.byte(), cursor.byte()
    if flags & ~1 or (flags and reason):
        raise MqttPacketError(f"a CONNACK has no flags 0x{flags:02x} with reason 0x{reason:02x}")
    said = cursor.properties(_OF_CONNACK)
    for name in (Property.RECEIVE_MAXIMUM, Property.MAXIMUM_PACKET_SIZE):
        if said.get(name) == 0:
            raise MqttPacketError(f"the {name.name} is not 0")
    named: dict[str, Any] = {member: said[name] for name, member in _CONNACK_FIELDS.items() if name in said}
    return Connack(bool(flags), reason, **named)


_CONNACK_FIELDS = {
    Property.RECEIVE_MAXIMUM: "receive_maximum",
    Property.MAXIMUM_PACKET_SIZE: "maximum_packet_bytes",
    Property.SERVER_KEEP_ALIVE: "server_keep_alive_s",
    Property.ASSIGNED_CLIENT_ID: "assigned_client_id",
}


def _suback(cursor: Cursor) -> Suback:
    packet_id = cursor.two()
    cursor.properties(_OF_ACK)
    return Suback(packet_id, tuple(cursor.rest()))


def _puback(cursor: Cursor) -> Puback:
    packet_id = cursor.two()
    return Puback(packet_id, _reason(cursor, _OF_ACK))


def _disconnect(cursor: Cursor) -> Disconnect:
    return Disconnect(_reason(cursor, _OF_DISCONNECT))


def _reason(cursor: Cursor, allowed: frozenset[Property]) -> int:
    """A reason code that may be left out, and properties that may be left out after it."""
    reason = 0 if cursor.is_at_end else cursor.byte()
    if not cursor.is_at_end:
        cursor.properties(allowed)
    return reason


_DECODERS: Mapping[int, Callable[[Cursor], Packet]] = {
    PacketType.CONNACK: _connack,
    PacketType.PUBACK: _puback,
    PacketType.SUBACK: _suback,
    PacketType.PINGRESP: lambda _: Pingresp(),
    PacketType.DISCONNECT: _disconnect,
}
