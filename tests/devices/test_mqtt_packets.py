"""MQTT 5 packets: bytes written by hand from the standard, round trips, arbitrary bytes, any cut."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import MqttPacketError
from devices.mqtt_encoding import (
    PINGREQ,
    Connect,
    Will,
    encode_connect,
    encode_disconnect,
    encode_pubacks,
    encode_publish,
    encode_subscribe,
)
from devices.mqtt_packets import (
    Connack,
    Disconnect,
    Packet,
    Pingresp,
    Puback,
    Publish,
    Suback,
    decode,
    frame_at,
    take_publishes,
)
from devices.mqtt_wire import encode_length, length_at

TOPICS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=40)
IDS = st.integers(1, 65_535)
PUBLISHES = st.builds(
    lambda topic, payload, packet_id, retain: Publish(
        topic, payload, False, 1 if packet_id else 0, retain, packet_id
    ),
    TOPICS,
    st.binary(max_size=400),
    st.integers(0, 65_535),
    st.booleans(),
)


def encoded(message: Publish) -> bytes:
    return encode_publish(message.topic, message.payload, message.packet_id, retain=message.retain)


def packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + encode_length(len(body)) + body


def only(data: bytes) -> Packet:
    frame = frame_at(data, 0)
    assert frame is not None
    assert frame[1] == len(data)
    return decode(data, 0, *frame)


def all_packets(data: bytes) -> list[Packet]:
    found: list[Packet] = []
    at = 0
    while (frame := frame_at(data, at) if at < len(data) else None) is not None:
        found.append(decode(data, at, *frame))
        at = frame[1]
    return found


@pytest.mark.parametrize(
    ("length", "data"),
    [
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
        (2_097_151, b"\xff\xff\x7f"),
        (268_435_455, b"\xff\xff\xff\x7f"),
    ],
)
def test_length_of_the_standards_table_is_written_and_read(length: int, data: bytes) -> None:
    assert encode_length(length) == data
    assert length_at(data + b"x", 0) == (length, len(data))


@pytest.mark.parametrize("data", [b"\x80\x00", b"\xff\xff\xff\xff\x01", b"\x80\x80\x80\x80"])
def test_length_that_is_too_long_is_refused(data: bytes) -> None:
    with pytest.raises(MqttPacketError):
        length_at(data, 0)


def test_connect_with_everything_is_the_bytes_of_the_standard() -> None:
    connect = Connect(
        client_id="c",
        clean_start=False,
        keep_alive_s=30,
        session_expiry_s=3600,
        receive_maximum=4000,
        user="u",
        password="pw",
        will=Will("w/t", b"gone", qos=1, retain=True),
    )
    assert encode_connect(connect) == (
        b"\x10\x29"  # CONNECT, 41 bytes follow
        b"\x00\x04MQTT\x05\xec\x00\x1e"  # user, password, will retained at QoS 1, no clean start; 30 s
        b"\x08\x11\x00\x00\x0e\x10\x21\x0f\xa0"  # session expiry, receive maximum
        b"\x00\x01c\x00\x00\x03w/t\x00\x04gone\x00\x01u\x00\x02pw"
    )


def test_connect_that_is_plain_starts_clean_and_has_no_user() -> None:
    data = encode_connect(Connect(client_id=""))
    assert data[9] == 0x02
    assert data.endswith(b"\x00\x00")


def test_subscribe_ping_and_disconnect_are_the_bytes_of_the_standard() -> None:
    assert encode_subscribe(10, ["a/b", "c/#"]) == b"\x82\x0f\x00\x0a\x00\x00\x03a/b\x01\x00\x03c/#\x01"
    assert PINGREQ == b"\xc0\x00"
    assert encode_disconnect() == b"\xe0\x00"
    assert encode_disconnect(4) == b"\xe0\x01\x04"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\x00\x00\x00", Connack(False, 0)),
        (b"\x01\x00\x00", Connack(True, 0)),
        (b"\x00\x87\x00", Connack(False, 0x87)),
        (
            b"\x01\x00\x13\x21\x00\x14\x27\x00\x00\x40\x00\x13\x00\x3c\x12\x00\x02id\x22\x00\x0a",
            Connack(True, 0, 20, 16_384, 60, "id"),
        ),
        (b"\x00\x00\x03\x13\x00\x00", Connack(False, 0, server_keep_alive_s=0)),
    ],
)
def test_connack_is_read(body: bytes, expected: Connack) -> None:
    assert only(packet(0x20, body)) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"\x02\x00\x00",  # a reserved flag
        b"\x01\x87\x00",  # a session of a refused connection
        b"\x00\x00\x03\x21\x00\x00",  # receive maximum 0
        b"\x00\x00\x06\x21\x00\x01\x21\x00\x01",  # the same property twice
        b"\x00\x00\x03\x23\x00\x01",  # a property that only PUBLISH has
        b"\x00\x00\x04\x21\x00\x01",  # properties longer than the packet
        b"\x00\x00\x00\x00",  # something behind the end
        b"\x00",
    ],
)
def test_connack_that_breaks_the_standard_is_refused(body: bytes) -> None:
    with pytest.raises(MqttPacketError):
        only(packet(0x20, body))


def test_suback_puback_pingresp_and_disconnect_are_read() -> None:
    stream = (
        b"\x90\x05\x00\x0a\x00\x01\x87"
        b"\x40\x02\x12\x34"
        b"\x40\x03\x12\x35\x10"
        b"\x40\x08\x12\x36\x97\x04\x1f\x00\x01x"
        b"\xd0\x00"
        b"\xe0\x00"
        b"\xe0\x01\x8e"
        b"\xe0\x02\x98\x00"
    )
    assert all_packets(stream) == [
        Suback(10, (1, 0x87)),
        Puback(0x1234),
        Puback(0x1235, 0x10),
        Puback(0x1236, 0x97),
        Pingresp(),
        Disconnect(0),
        Disconnect(0x8E),
        Disconnect(0x98),
    ]


@pytest.mark.parametrize("first", [0x00, 0x10, 0x50, 0x62, 0x82, 0x41, 0xB0, 0xF0])
def test_packet_that_no_broker_sends_to_us_is_refused(first: int) -> None:
    with pytest.raises(MqttPacketError, match=f"0x{first:02x}"):
        only(packet(first, b"\x00\x01"))


PROPERTIES = (
    b"\x01\x01\x02\x00\x00\x00\x3c\x08\x00\x01r\x09\x00\x02\x00\x01"
    b"\x26\x00\x01a\x00\x01b\x26\x00\x01a\x00\x01c\x0b\x80\x01\x0b\x07\x03\x00\x01t"
)


def test_publish_with_every_property_but_an_alias_is_read() -> None:
    body = b"\x00\x01t\x00\x07" + encode_length(len(PROPERTIES)) + PROPERTIES + b"payload"
    assert only(packet(0x3B, body)) == Publish("t", b"payload", True, 1, True, 7)


@pytest.mark.parametrize(
    ("first", "body"),
    [
        (0x30, b"\x00\x01t\x03\x23\x00\x01x"),  # a topic alias, which we never allow
        (0x30, b"\x00\x00\x03\x23\x00\x01x"),  # the same without a topic
        (0x30, b"\x00\x00\x00x"),  # no topic at all
        (0x30, b"\x00\x01#\x00x"),  # a wildcard
        (0x30, b"\x00\x01\xff\x00x"),  # not UTF-8
        (0x30, b"\x00\x03\xed\xa0\x80\x00x"),  # a surrogate
        (0x30, b"\x00\x01\x00\x00x"),  # U+0000
        (0x30, b"\x00\x05t\x00x"),  # a topic longer than the packet
        (0x30, b""),
        (0x32, b"\x00\x01t\x00\x00\x00x"),  # packet id 0
        (0x32, b"\x00\x01t\x00"),  # no packet id
        (0x34, b"\x00\x01t\x00\x01\x00x"),  # QoS 2
        (0x36, b"\x00\x01t\x00\x01\x00x"),  # QoS 3
        (0x38, b"\x00\x01t\x00x"),  # DUP at QoS 0
    ],
)
def test_publish_that_breaks_the_standard_is_refused(first: int, body: bytes) -> None:
    with pytest.raises(MqttPacketError):
        only(packet(first, body))


@given(st.lists(PUBLISHES, max_size=8), st.integers(0, 5000))
def test_publishes_cut_anywhere_come_out_whole(messages: list[Publish], cut: int) -> None:
    data = b"".join(encoded(message) for message in messages)
    cut = min(cut, len(data))
    found: list[Publish] = []
    at = take_publishes(data[:cut], 0, found)
    assert take_publishes(data[at:], 0, found) == len(data) - at
    assert found == messages
    assert all_packets(data) == messages


@given(st.lists(PUBLISHES, max_size=4))
def test_publishes_end_at_another_packet(messages: list[Publish]) -> None:
    data = b"".join(encoded(message) for message in messages)
    assert take_publishes(data + b"\xd0\x00\x30", 0, []) == len(data)


@given(st.lists(IDS, max_size=50))
def test_pubacks_are_read_as_written(packet_ids: list[int]) -> None:
    assert all_packets(encode_pubacks(packet_ids)) == [Puback(number) for number in packet_ids]


@given(st.one_of(st.binary(max_size=60), st.builds(packet, st.integers(0, 255), st.binary(max_size=60))))
def test_arbitrary_bytes_raise_nothing_but_the_typed_error(data: bytes) -> None:
    for read in (all_packets, lambda given: take_publishes(given, 0, [])):
        with suppress(MqttPacketError):
            read(data)


@given(
    st.sampled_from([b"\x00\x01t\x00\x07", b"\x00\x01t"]),
    st.binary(max_size=30),
    st.sampled_from([0x30, 0x32]),
)
def test_arbitrary_properties_raise_nothing_but_the_typed_error(
    head: bytes, properties: bytes, first: int
) -> None:
    with suppress(MqttPacketError):
        only(packet(first, head + encode_length(len(properties)) + properties + b"x"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: encode_publish("a/+", b""),
        lambda: encode_publish("", b""),
        lambda: encode_publish("a\0", b""),
        lambda: encode_publish("a" * 65_536, b""),
        lambda: encode_publish("a", b"", 65_536),
        lambda: encode_pubacks([0]),
        lambda: encode_pubacks([65_536]),
        lambda: encode_subscribe(1, []),
        lambda: encode_subscribe(0, ["a"]),
        lambda: encode_subscribe(1, ["a"], 2),
        lambda: encode_connect(Connect(client_id="c", receive_maximum=0)),
        lambda: encode_connect(Connect(client_id="c", keep_alive_s=65_536)),
        lambda: encode_connect(Connect(client_id="c", will=Will("t", b"", qos=2))),
        lambda: encode_length(268_435_456),
    ],
)
def test_encoding_what_mqtt_cannot_carry_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match=r"got|character|fit|filter"):
        make()
