"""The data types that MQTT 5 packets are made of (OASIS MQTT 5.0, sections 1.5 and 2.2.2). No I/O."""

from collections.abc import Callable, Mapping
from enum import IntEnum

from devices.errors import MqttPacketError

__all__ = ["LARGEST_ID", "Cursor", "Property", "encode_binary", "encode_length", "encode_text", "length_at"]

LARGEST_ID = 65_535
"""Packet ids and windows are two bytes."""

PropertyValue = int | str | bytes | tuple[str, str]
_LENGTH_LIMIT = 268_435_455  # what four bytes of seven bits can say
_LENGTH_BYTES = 4
_BINARY_LIMIT = 65_535


class Property(IntEnum):
    """Identifiers of the properties (section 2.2.2.2)."""

    PAYLOAD_FORMAT = 0x01
    MESSAGE_EXPIRY = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_ID = 0x0B
    SESSION_EXPIRY = 0x11
    ASSIGNED_CLIENT_ID = 0x12
    SERVER_KEEP_ALIVE = 0x13
    AUTHENTICATION_METHOD = 0x15
    AUTHENTICATION_DATA = 0x16
    RESPONSE_INFORMATION = 0x1A
    SERVER_REFERENCE = 0x1C
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER_PROPERTY = 0x26
    MAXIMUM_PACKET_SIZE = 0x27
    WILDCARD_AVAILABLE = 0x28
    SUBSCRIPTION_ID_AVAILABLE = 0x29
    SHARED_AVAILABLE = 0x2A


_REPEATABLE = frozenset({Property.USER_PROPERTY, Property.SUBSCRIPTION_ID})


def encode_length(length: int) -> bytes:
    """A variable byte integer.

    Raises:
        ValueError: negative, or more than MQTT can say.
    """
    if not 0 <= length <= _LENGTH_LIMIT:
        raise ValueError(f"a length is 0 to {_LENGTH_LIMIT:,}, got {length!r}")
    encoded = bytearray()
    while True:
        length, low = length >> 7, length & 0x7F
        encoded.append(low | 0x80 if length else low)
        if not length:
            return bytes(encoded)


def encode_binary(data: bytes) -> bytes:
    """Binary data with its two-byte length.

    Raises:
        ValueError: more than 65,535 bytes.
    """
    if len(data) > _BINARY_LIMIT:
        raise ValueError(f"text and binary data have at most {_BINARY_LIMIT:,} bytes, got {len(data):,}")
    return len(data).to_bytes(2, "big") + data


def encode_text(text: str) -> bytes:
    """A UTF-8 string with its two-byte length.

    Raises:
        ValueError: too long, or with characters that MQTT forbids (U+0000, lone surrogates).
    """
    if "\0" in text:
        raise ValueError("text may not have the character U+0000")
    return encode_binary(text.encode())


def length_at(buffer: bytes, at: int) -> tuple[int, int] | None:
    """A variable byte integer and where it ends; None while its last byte is missing.

    Raises:
        MqttPacketError: longer than four bytes, or than it needs to be.
    """
    length = 0
    for count, byte in enumerate(buffer[at : at + _LENGTH_BYTES]):
        length |= (byte & 0x7F) << 7 * count
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that another byte follows
            if byte == 0 and count:
                raise MqttPacketError(f"a length is written as short as it can be, got {count + 1} bytes")
            return length, at + count + 1
    if len(buffer) - at >= _LENGTH_BYTES:
        raise MqttPacketError(f"a length has at most {_LENGTH_BYTES} bytes")
    return None


class Cursor:
    """Reads the fields of one packet, one after the other, and never beyond its end."""

    __slots__ = ("_at", "_buffer", "_end")

    def __init__(self, buffer: bytes, at: int, end: int) -> None:
        self._buffer = buffer
        self._at = at
        self._end = end

    @property
    def at(self) -> int:
        """Where the next field begins."""
        return self._at

    @property
    def is_at_end(self) -> bool:
        """Whether nothing is left."""
        return self._at == self._end

    def rest(self) -> bytes:
        """Everything that is left."""
        return self._take(self._end - self._at)

    def byte(self) -> int:
        """A byte."""
        return self._number(1)

    def two(self) -> int:
        """A two-byte integer."""
        return self._number(2)

    def four(self) -> int:
        """A four-byte integer."""
        return self._number(4)

    def length(self) -> int:
        """A variable byte integer."""
        found = length_at(self._buffer[: self._end], self._at)
        if found is None:
            raise MqttPacketError("the packet ends within a length")
        length, self._at = found
        return length

    def binary(self) -> bytes:
        """Binary data."""
        return self._take(self.two())

    def text(self) -> str:
        """A UTF-8 string."""
        try:
            text = self.binary().decode()
        except UnicodeDecodeError as error:
            raise MqttPacketError(f"text is UTF-8: {error.reason}") from None
        if "\0" in text:
            raise MqttPacketError("text may not have the character U+0000")
        return text

    def pair(self) -> tuple[str, str]:
        """A name and a value."""
        return self.text(), self.text()

    def properties(self, allowed: frozenset[Property]) -> Mapping[Property, PropertyValue]:
        """The properties that stand next, each checked against those that its packet may have.

        Raises:
            MqttPacketError: one that the packet may not have, a second of its kind, or one cut off.
        """
        inner = Cursor(self._buffer, self._at, self._end)
        length = inner.length()
        begin = inner.at
        self._at = begin
        self._take(length)
        inner = Cursor(self._buffer, begin, begin + length)
        found: dict[Property, PropertyValue] = {}
        while not inner.is_at_end:
            identifier = inner.length()
            if identifier not in allowed:
                raise MqttPacketError(f"a packet of this type has no property 0x{identifier:02x}")
            name = Property(identifier)
            if name in found and name not in _REPEATABLE:
                raise MqttPacketError(f"the property {name.name} stands twice")
            found[name] = _READERS[name](inner)
        return found

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _take(self, size: int) -> bytes:
        begin = self._at
        if begin + size > self._end:
            raise MqttPacketError(f"the packet ends {begin + size - self._end} bytes too early")
        self._at = begin + size
        return self._buffer[begin : self._at]


_BYTES = (
    Property.PAYLOAD_FORMAT,
    Property.MAXIMUM_QOS,
    Property.RETAIN_AVAILABLE,
    Property.WILDCARD_AVAILABLE,
    Property.SUBSCRIPTION_ID_AVAILABLE,
    Property.SHARED_AVAILABLE,
)
_TEXTS = (
    Property.CONTENT_TYPE,
    Property.RESPONSE_TOPIC,
    Property.ASSIGNED_CLIENT_ID,
    Property.AUTHENTICATION_METHOD,
    Property.RESPONSE_INFORMATION,
    Property.SERVER_REFERENCE,
    Property.REASON_STRING,
)
_READERS: Mapping[Property, Callable[[Cursor], PropertyValue]] = {
    **dict.fromkeys(_BYTES, Cursor.byte),
    **dict.fromkeys(_TEXTS, Cursor.text),
    Property.MESSAGE_EXPIRY: Cursor.four,
    Property.SESSION_EXPIRY: Cursor.four,
    Property.MAXIMUM_PACKET_SIZE: Cursor.four,
    Property.SERVER_KEEP_ALIVE: Cursor.two,
    Property.RECEIVE_MAXIMUM: Cursor.two,
    Property.TOPIC_ALIAS_MAXIMUM: Cursor.two,
    Property.TOPIC_ALIAS: Cursor.two,
    Property.SUBSCRIPTION_ID: Cursor.length,
    Property.CORRELATION_DATA: Cursor.binary,
    Property.AUTHENTICATION_DATA: Cursor.binary,
    Property.USER_PROPERTY: Cursor.pair,
}
