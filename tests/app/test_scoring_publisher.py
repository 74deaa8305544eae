import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from app.mqtt import BrokerAddress
from app.scoring_publisher import StepPublisher
from simulators.messages import OutgoingMessage

CONNACK = b"\x20\x03\x00\x00\x00"
NARROW = b"\x20\x06\x00\x00\x03\x21\x00\x02"
"""The same with a window of two messages."""


@contextmanager
def broker(talk: Callable[[socket.socket], None]) -> Iterator[BrokerAddress]:
    """A broker that says what it is told to, to one client."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = BrokerAddress(host="127.0.0.1", port=listening.getsockname()[1])

        def serve() -> None:
            line, _ = listening.accept()
            with line:
                line.recv(1024)
                talk(line)

        thread = threading.Thread(target=serve)
        thread.start()
        yield address
        thread.join()


def message(number: int) -> OutgoingMessage:
    return OutgoingMessage(number, f"t/{number}", b"{}")


def ack(number: int) -> bytes:
    return b"\x40\x02" + number.to_bytes(2, "big")


PUBLISH_BYTES = 2 + 2 + 3 + 2 + 1 + 2


def test_step_goes_out_in_order_and_settles_when_all_is_acknowledged() -> None:
    heard: list[bytes] = []

    def talk(line: socket.socket) -> None:
        line.sendall(CONNACK)
        heard.append(line.recv(3 * PUBLISH_BYTES, socket.MSG_WAITALL))
        line.sendall(ack(1) + ack(2)[:3])
        line.sendall(ack(2)[3:] + ack(3))

    with broker(talk) as address, closing(StepPublisher(address, "city")) as publisher:
        publisher.publish(publisher.encoded([message(number) for number in range(3)]))
        publisher.settle()
    assert [heard[0][at * PUBLISH_BYTES + 4 :][:3] for at in range(3)] == [b"t/0", b"t/1", b"t/2"]


def test_no_more_is_in_flight_than_the_broker_takes() -> None:
    heard: list[bytes] = []

    def talk(line: socket.socket) -> None:
        line.sendall(NARROW)
        heard.append(line.recv(2 * PUBLISH_BYTES, socket.MSG_WAITALL))
        line.setblocking(False)
        with pytest.raises(BlockingIOError):
            line.recv(1)
        line.setblocking(True)
        line.sendall(ack(1))
        heard.append(line.recv(PUBLISH_BYTES, socket.MSG_WAITALL))
        line.sendall(ack(2) + ack(3))

    with broker(talk) as address, closing(StepPublisher(address, "city")) as publisher:
        publisher.publish(publisher.encoded([message(number) for number in range(3)]))
        publisher.settle()
    assert [len(part) for part in heard] == [2 * PUBLISH_BYTES, PUBLISH_BYTES]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"\x20\x03\x00\x87\x00", "refuses the simulators"),
        (b"", "closed the simulators' connection"),
        (b"\x00\x00", "broke the standard"),
    ],
)
def test_broker_that_does_not_take_us_is_named(answer: bytes, complaint: str) -> None:
    with (
        broker(lambda line: line.sendall(answer)) as address,
        pytest.raises(ConnectionError, match=complaint),
    ):
        StepPublisher(address, "city")


def test_refused_message_is_an_error() -> None:
    def talk(line: socket.socket) -> None:
        line.sendall(CONNACK)
        line.recv(PUBLISH_BYTES, socket.MSG_WAITALL)
        line.sendall(b"\x40\x03\x00\x01\x87")

    with broker(talk) as address, closing(StepPublisher(address, "city")) as publisher:
        publisher.publish(publisher.encoded([message(1)]))
        with pytest.raises(ConnectionError, match="should have acknowledged"):
            publisher.settle()
