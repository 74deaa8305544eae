"""What every read path must do on a real broker; another implementation is added to `Source`."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.brokers import BrokerStartError, ChildBroker, find_mosquitto, mosquitto, packaged_broker
from app.mqtt import BrokerAddress, PahoPublisher, PahoSource
from app.mqtt_reader import MqttReader
from devices.messages import RawMessage

FILTER = "ioc/v1/+/+/+/telemetry"
PATIENCE_ROUNDS = 100
PATIENCE_S = 10.0


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


Source = PahoSource | MqttReader


@pytest.fixture(params=[PahoSource, MqttReader], ids=["paho", "reader"])
def make_source(request: pytest.FixtureRequest) -> Callable[..., Source]:
    implementation: type[Source] = request.param

    def make(address: BrokerAddress, receive_maximum: int = 100) -> Source:
        return implementation(address, "collector-under-test", [FILTER], receive_maximum=receive_maximum)

    return make


@pytest.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.mosquitto), "packaged"])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ChildBroker]:
    if request.param == "mosquitto":
        program = find_mosquitto()
        assert program is not None, "mosquitto is missing: make servers"
        child = mosquitto(program, free_port(), tmp_path)
    else:
        child = packaged_broker(free_port(), tmp_path)
    await child.start()
    yield child
    await child.stop()


@pytest.fixture
async def publisher(broker: ChildBroker) -> AsyncIterator[PahoPublisher]:
    client = PahoPublisher(broker.address, "devices-under-test")
    await client.start()
    yield client
    await client.stop()


async def subscribed(source: Source) -> Source:
    source.start()
    await asyncio.wait_for(source.wait_subscribed(), PATIENCE_S)
    return source


async def collect(source: Source, count: int, *, acknowledge: bool = True) -> list[RawMessage]:
    found: list[RawMessage] = []
    empty_rounds = 0
    while len(found) < count and empty_rounds < PATIENCE_ROUNDS:
        arrived = await source.receive(count - len(found), 0.1)
        if acknowledge:
            source.acknowledge(arrived)
        found += arrived
        empty_rounds += not arrived
    return found


def messages(count: int, start: int = 0) -> list[Message]:
    return [
        Message(f"ioc/v1/a/streetlight/L{n % 7}/telemetry", b"%d" % n) for n in range(start, start + count)
    ]


async def test_source_receives_everything_in_order_beyond_its_window(
    broker: ChildBroker, publisher: PahoPublisher, make_source: Callable[..., Source]
) -> None:
    source = await subscribed(make_source(broker.address))
    publishing = asyncio.create_task(publisher.publish(messages(500)))
    found = await collect(source, 500)
    await publishing
    await source.stop()
    assert [int(message.payload) for message in found] == list(range(500))


@pytest.mark.mosquitto
@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
async def test_source_without_acknowledgement_is_given_no_more_than_its_window(
    broker: ChildBroker, publisher: PahoPublisher, make_source: Callable[..., Source]
) -> None:
    source = await subscribed(make_source(broker.address, receive_maximum=20))
    await publisher.publish(messages(60))
    found = await collect(source, 20, acknowledge=False)
    assert await source.receive(60, 0.3) == []
    source.acknowledge(found)
    found += await collect(source, 40)
    await source.stop()
    assert [int(message.payload) for message in found] == list(range(60))


@pytest.mark.mosquitto
@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
async def test_source_reconnected_gets_again_what_it_did_not_acknowledge(
    broker: ChildBroker, publisher: PahoPublisher, make_source: Callable[..., Source]
) -> None:
    source = await subscribed(make_source(broker.address))
    await publisher.publish(messages(10))
    found = await collect(source, 10, acknowledge=False)
    source.acknowledge(found[:4])
    await source.stop()
    await publisher.publish(messages(5, start=10))
    again = await subscribed(make_source(broker.address))
    source.acknowledge(found)  # receipts of a connection that is gone
    redelivered = await collect(again, 11)
    await again.stop()
    assert [int(message.payload) for message in redelivered] == list(range(4, 15))
    assert [message.duplicate for message in redelivered] == [True] * 6 + [False] * 5


@pytest.mark.mosquitto
@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
async def test_source_hands_over_what_had_arrived_before_the_broker_went(
    broker: ChildBroker, publisher: PahoPublisher, make_source: Callable[..., Source]
) -> None:
    # A broker that was killed has forgotten it: nobody else could.
    source = await subscribed(make_source(broker.address))
    await publisher.publish(messages(10))
    found = await collect(source, 1)
    await broker.stop()
    while source.is_subscribed:
        await asyncio.sleep(0.01)
    found += await collect(source, 9)
    await source.stop()
    assert [int(message.payload) for message in found] == list(range(10))


async def test_source_sees_a_retained_message_as_retained(
    broker: ChildBroker, publisher: PahoPublisher, make_source: Callable[..., Source]
) -> None:
    retained = Message("ioc/v1/a/streetlight/L1/telemetry", b"kept", retain=True)
    await publisher.publish([retained])
    source = await subscribed(make_source(broker.address))
    (message,) = await collect(source, 1)
    await publisher.publish([retained])
    (live,) = await collect(source, 1)
    await source.stop()
    assert (message.retained, live.retained) == (True, False)


async def test_broker_on_a_taken_port_is_refused_in_one_sentence(broker: ChildBroker, tmp_path: Path) -> None:
    second = packaged_broker(broker.address.port, tmp_path / "second")
    with pytest.raises(BrokerStartError, match=f"port {broker.address.port} on 127.0.0.1 is in use"):
        await second.start()


async def test_broker_that_ends_at_once_says_where_its_words_are(tmp_path: Path) -> None:
    false = mosquitto("/bin/false", free_port(), tmp_path)
    with pytest.raises(BrokerStartError, match=r"broker\.log"):
        await false.start()


async def test_publisher_without_a_broker_says_so() -> None:
    publisher = PahoPublisher(BrokerAddress(host="127.0.0.1", port=free_port()), "nobody")
    with pytest.raises(ConnectionError, match="did not answer"):
        await publisher.start(timeout_s=0.2)
    await publisher.stop()
