"""What a connection publishes, and how acknowledgements settle it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import MqttPacketError
from devices.mqtt_encoding import encode_pubacks
from devices.mqtt_packets import Publish, take_publishes
from simulators.load.in_flight import Counts, InFlight
from simulators.load.ledger import Run
from simulators.load.messages import FIRST_SEQ
from simulators.load.stream import MessageStream
from tests.simulators.load.support import devices

LARGEST_ID = 65_535


def now() -> int:
    return 1_795_344_600_000


def stream(count: int = 3, *, qos: int = 1, limit: int | None = None, first: int = 1) -> MessageStream:
    return MessageStream(devices(count), first=first, stride=4, qos=qos, limit=limit)


def read(frames: bytes) -> list[Publish]:
    found: list[Publish] = []
    assert take_publishes(frames, 0, found) == len(frames)
    return found


def test_stream_lets_every_device_speak_in_turn_with_ids_of_its_own() -> None:
    messages = stream()
    run, frames = messages.take(2, 10, now)
    assert run == Run(1, 2, now(), FIRST_SEQ)
    assert [(p.topic, p.packet_id, p.qos) for p in read(frames)] == [
        ("ioc/v1/a/streetlight/L0/telemetry", 10, 1),
        ("ioc/v1/a/streetlight/L1/telemetry", 11, 1),
    ]
    assert read(frames)[0].payload == b'{"ts":1795344600000,"seq":100000000,"power_w":1.5}'
    assert messages.take(5, 12, now)[0] == Run(9, 1, now(), FIRST_SEQ)
    run, frames = messages.take(5, 13, now)
    assert run == Run(1, 3, now() + 1, FIRST_SEQ + 1)
    assert read(frames)[2].payload == b'{"ts":1795344600001,"seq":100000001,"power_w":12.5}'


def test_stream_at_qos_0_has_no_packet_ids() -> None:
    _, frames = stream(qos=0).take(3, 1, now)
    assert [(p.packet_id, p.qos) for p in read(frames)] == [(0, 0)] * 3


def test_stream_ends_at_its_limit_and_before_the_last_packet_id() -> None:
    messages = stream(limit=3)
    assert messages.take(9, LARGEST_ID, now)[0].length == 1
    assert messages.take(9, 1, now)[0].length == 2
    assert messages.is_exhausted


def test_stream_says_again_what_was_put_back_before_anything_new() -> None:
    messages = stream(limit=3)
    run, frames = messages.take(3, 1, now)
    messages.put_back([run])
    assert not messages.is_exhausted
    first, again = messages.take(2, 1, lambda: 5)
    rest, more = messages.take(2, 3, lambda: 5)
    assert (first, rest) == (Run(1, 2, now(), FIRST_SEQ), Run(9, 1, now(), FIRST_SEQ))
    assert again + more == frames


@given(st.lists(st.integers(1, 700), min_size=1, max_size=200), st.integers(1, 3000), st.data())
def test_acknowledgements_cut_anywhere_settle_everything_once(
    lengths: list[int], piece: int, data: st.DataObject
) -> None:
    settled: list[Run] = []
    in_flight = InFlight(4, settled.append)
    answers, acknowledged = b"", 0
    for number, length in enumerate(lengths):
        length = min(length, LARGEST_ID + 1 - in_flight.next_id)  # noqa: PLW2901 - as a stream does
        ids = range(in_flight.next_id, in_flight.next_id + length)
        in_flight.add(Run(0, length, number, number))
        heard = data.draw(st.booleans())
        answers += (
            encode_pubacks(ids) if heard else b"".join(b"\x40\x03%c%c\x10" % divmod(i, 256) for i in ids)
        )
        acknowledged += length
    found = 0
    for begin in range(0, len(answers), piece):
        found += in_flight.read(answers[begin : begin + piece]).acknowledged
    assert found == acknowledged == sum(run.length for run in settled)
    assert in_flight.messages == 0
    places = [(run.seq, run.first + 4 * step) for run in settled for step in range(run.length)]
    assert len(set(places)) == acknowledged


def test_refused_message_is_counted_and_not_noted() -> None:
    settled: list[Run] = []
    in_flight = InFlight(1, settled.append)
    in_flight.add(Run(0, 3, 5, 6))
    assert in_flight.read(b"\x40\x02\x00\x01\x40\x03\x00\x02\x87\x40\x02\x00\x03") == Counts(2, 1)
    assert settled == [Run(0, 1, 5, 6), Run(2, 1, 5, 6)]


@pytest.mark.parametrize(
    "answer", [b"\x40\x02\x00\x02", b"\x90\x04\x00\x01\x00\x01", b"\x40\x02\x00\x01" * 4]
)
def test_acknowledgement_of_something_else_is_refused(answer: bytes) -> None:
    in_flight = InFlight(1, lambda _: None)
    in_flight.add(Run(0, 3, 5, 6))
    with pytest.raises(MqttPacketError):
        in_flight.read(answer)


def test_goodbye_of_the_broker_is_a_lost_connection() -> None:
    with pytest.raises(ConnectionResetError, match="0x8b"):
        InFlight(1, lambda _: None).read(b"\xe0\x01\x8b")
