"""A connection against a broker that is written down: it answers what the test says."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from devices.mqtt_encoding import encode_pubacks
from devices.mqtt_packets import Publish, take_publishes
from simulators.load.connection import LoadConnection
from simulators.load.errors import LoadError
from simulators.load.ledger import Run
from simulators.load.plan import LoadPlan
from simulators.load.stream import MessageStream
from tests.simulators.load.support import devices

CONNACK = b"\x20\x03\x00\x00\x00"
WINDOW_OF_TWO = b"\x20\x06\x00\x00\x03\x21\x00\x02"


def now() -> int:
    return 1_795_344_600_000


class Broker:
    """Accepts one connection after the other, each with its own CONNACK."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.sockets: list[socket.socket] = []

    def accepting(self, answer: bytes) -> threading.Thread:
        def accept() -> None:
            sock, _ = self._listener.accept()
            self.sockets.append(sock)
            assert sock.recv(1000)[0] == 0x10
            sock.sendall(answer)

        thread = threading.Thread(target=accept)
        thread.start()
        return thread

    def publishes(self) -> list[Publish]:
        found: list[Publish] = []
        take_publishes(self.sockets[-1].recv(100_000), 0, found)
        return found

    def close(self) -> None:
        for sock in (*self.sockets, self._listener):
            sock.close()


@pytest.fixture
def broker() -> Iterator[Broker]:
    made = Broker()
    yield made
    made.close()


def connected(
    broker: Broker, answer: bytes, acknowledged: Callable[[Run], None] = lambda _: None, limit: int = 5
) -> LoadConnection:
    plan = LoadPlan(host="127.0.0.1", port=broker.port, processes=1, connections=1)
    stream = MessageStream(devices(3), first=0, stride=1, qos=1, limit=limit)
    connection = LoadConnection(plan, 0, stream, acknowledged)
    again(broker, answer, connection)
    return connection


def again(broker: Broker, answer: bytes, connection: LoadConnection) -> None:
    thread = broker.accepting(answer)
    try:
        connection.connect()
    finally:
        thread.join()


def test_connection_never_has_more_under_way_than_the_broker_takes(broker: Broker) -> None:
    connection = connected(broker, WINDOW_OF_TWO)
    assert connection.send(100, now) == 2
    assert not connection.is_ready
    broker.sockets[0].sendall(encode_pubacks([1]))
    assert connection.read().acknowledged == 1
    assert connection.send(100, now) == 1
    connection.end()


def test_connection_that_was_lost_publishes_again_what_was_not_acknowledged(broker: Broker) -> None:
    noted: list[Run] = []
    connection = connected(broker, CONNACK, noted.append)
    while connection.is_ready:
        connection.send(100, now)
    first = broker.publishes()
    broker.sockets[0].sendall(encode_pubacks([1, 2]))
    assert connection.read().acknowledged == 2
    broker.sockets[0].close()
    with pytest.raises(OSError, match=r"closed|reset"):
        connection.read()
    connection.lose()
    again(broker, CONNACK, connection)
    while connection.is_ready:
        connection.send(100, now)
    second = broker.publishes()
    assert [p.payload for p in second] == [p.payload for p in first[2:]]
    assert [p.packet_id for p in second] == [1, 2, 3]
    broker.sockets[1].sendall(encode_pubacks([1, 2, 3]))
    assert connection.read().acknowledged == 3
    assert connection.is_done
    assert sum(run.length for run in noted) == 5
    connection.end()


def test_connection_asks_for_a_sign_of_life_and_waits_for_it(broker: Broker) -> None:
    connection = connected(broker, CONNACK)
    connection.ask()
    assert not connection.is_settled
    assert broker.sockets[0].recv(10) == b"\xc0\x00"
    broker.sockets[0].sendall(b"\xd0\x00")
    connection.read()
    assert connection.is_settled
    connection.end()


def test_connection_that_is_refused_says_what_to_do(broker: Broker) -> None:
    with pytest.raises(LoadError, match=r"0x87.*user"):
        connected(broker, b"\x20\x03\x00\x87\x00")


def test_connection_to_a_broker_that_answers_nonsense_is_refused(broker: Broker) -> None:
    connection = connected(broker, CONNACK)
    connection.send(1, now)
    broker.sockets[0].sendall(b"\x40\x02\x00\x09")
    with pytest.raises(LoadError, match="message 1 is due"):
        connection.read()
    connection.end()
