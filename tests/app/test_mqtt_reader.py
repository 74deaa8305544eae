"""What the reader does when a broker is away, silent, hostile or refuses; on a socket of our own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.mqtt import BrokerAddress
from app.mqtt_reader import Line, MqttReader
from devices.messages import RawMessage
from devices.mqtt_encoding import encode_disconnect, encode_publish
from devices.mqtt_packets import Publish

CONNACK = b"\x20\x03\x00\x00\x00"
SUBACK = b"\x90\x04\x00\x01\x00\x01"
REFUSED_SUBACK = b"\x90\x04\x00\x01\x00\x87"
BAD_PASSWORD = b"\x20\x03\x00\x86\x00"
MESSAGE = encode_publish("ioc/v1/a/streetlight/L1/telemetry", b"{}", 7)
LONG = encode_publish("ioc/v1/a/streetlight/L1/telemetry", b"x" * 300_000, 8)
DISCONNECT = encode_disconnect(0)
PATIENCE_S = 10.0


class Broker:
    """Says what it was told to, whatever it hears, one script for each connection."""

    def __init__(self, *scripts: bytes) -> None:
        self._scripts = list(scripts)
        self.heard: list[bytes] = []
        self.connections = 0
        self.ended = asyncio.Event()
        self.may_close = asyncio.Event()
        self.may_close.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.heard.append(await reader.read(4096))
        script = self._scripts.pop(0) if self._scripts else b""
        for start in range(0, len(script), 5000):
            writer.write(script[start : start + 5000])
            await writer.drain()
        while chunk := await reader.read(4096):
            self.heard.append(chunk)
            if chunk.endswith(DISCONNECT):
                await self.may_close.wait()
                break
        writer.close()
        self.ended.set()


@asynccontextmanager
async def reading(broker: Broker) -> AsyncIterator[MqttReader]:
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    source = MqttReader(BrokerAddress(host="127.0.0.1", port=port, user="u", password="p"), "c", ["ioc/#"])
    source.start()
    try:
        yield source
    finally:
        await source.stop()
        server.close()
        await server.wait_closed()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def test_reader_hands_over_messages_cut_anywhere_and_long_ones() -> None:
    async with reading(Broker(CONNACK + SUBACK + MESSAGE + LONG + MESSAGE)) as source:
        found: list[RawMessage] = []
        while len(found) < 3:
            found += await source.receive(2, PATIENCE_S)
        assert [len(message.payload) for message in found] == [2, 300_000, 2]
        assert source.is_subscribed


async def test_reader_that_stops_lets_the_broker_close_first() -> None:
    # A broker that writes to a closed connection throws away the receipts it has not read.
    broker = Broker(CONNACK + SUBACK + MESSAGE)
    async with reading(broker) as source:
        source.acknowledge(await source.receive(1, PATIENCE_S))
        broker.may_close.clear()
        stopping = asyncio.create_task(source.stop())
        await until(lambda: b"".join(broker.heard).endswith(DISCONNECT))
        assert not stopping.done()
        broker.may_close.set()
        await stopping
        assert broker.ended.is_set()


async def test_reader_acknowledges_in_order_and_only_messages_of_this_connection() -> None:
    broker = Broker(CONNACK + SUBACK + MESSAGE + LONG)
    async with reading(broker) as source:
        found: list[RawMessage] = []
        while len(found) < 2:
            found += await source.receive(10, PATIENCE_S)
        source.acknowledge(found)
        await until(lambda: b"\x40\x02\x00\x07\x40\x02\x00\x08" in b"".join(broker.heard))
    again = Broker(CONNACK + SUBACK)
    async with reading(again) as source:
        await source.wait_subscribed()
        source._connection += 1  # noqa: SLF001 - as after a reconnection
        source.acknowledge(found)
    assert b"\x40\x02" not in b"".join(again.heard)


@pytest.mark.parametrize(
    "script",
    [BAD_PASSWORD, CONNACK + REFUSED_SUBACK, CONNACK + SUBACK + b"\x00\x00", CONNACK + b"\xe0\x01\x8b", b""],
    ids=["bad password", "subscription refused", "broken packet", "told to go", "cut off"],
)
async def test_reader_comes_again_after_a_connection_that_failed(script: bytes) -> None:
    class Cutting(Broker):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self.connections == 0 and not script:
                self.connections += 1
                writer.close()
                return
            await super().serve(reader, writer)

    scripts = (script, CONNACK + SUBACK + MESSAGE) if script else (CONNACK + SUBACK + MESSAGE,)
    broker = Cutting(*scripts)
    async with reading(broker) as source:
        (message,) = await source.receive(10, PATIENCE_S)
        assert message.payload == b"{}"
        assert broker.connections == 2


async def test_reader_keeps_what_had_arrived_when_the_connection_is_lost() -> None:
    class Dropping(Broker):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            await reader.read(4096)
            writer.write(CONNACK + SUBACK + MESSAGE)
            await writer.drain()
            if self.connections == 1:
                writer.close()
                return
            while await reader.read(4096):
                pass
            writer.close()

    broker = Dropping()
    async with reading(broker) as source:
        await until(lambda: broker.connections == 2 and source.is_subscribed)
        # What a broker that lived sends again, the collector recognises; one that was killed never does.
        assert len(await source.receive(10, PATIENCE_S)) == 2


async def test_reader_without_a_broker_keeps_trying_and_stops_when_told() -> None:
    source = MqttReader(BrokerAddress(host="127.0.0.1", port=1), "c", ["#"])
    source.start()
    assert await source.receive(1, 0.05) == []
    assert not source.is_subscribed
    await source.stop()
    await source.stop()


async def test_reader_stops_reading_while_nobody_takes_what_arrives_and_goes_on_afterwards() -> None:
    unacknowledged = encode_publish("zigbee2mqtt/lamp", b"x" * 1_000)
    sent = 60_000  # more than a socket's buffers hold
    server_side: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_side.append(writer)
        await reader.read(4096)
        writer.write(CONNACK + SUBACK + unacknowledged * sent)
        while await reader.read(4096):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    source = MqttReader(BrokerAddress(host="127.0.0.1", port=port), "c", ["#"], receive_maximum=100)
    source.start()
    await until(lambda: source.is_subscribed and source.is_paused)
    held = server_side[0].transport.get_write_buffer_size()
    for _ in range(100):
        await asyncio.sleep(0)
    assert server_side[0].transport.get_write_buffer_size() == held > 0
    taken = 0
    while taken < sent:
        taken += len(await source.receive(10_000, PATIENCE_S))
    assert not source.is_paused
    await source.stop()
    server.close()
    await server.wait_closed()


def test_line_joins_a_packet_of_many_pieces_once_and_goes_on_with_the_next() -> None:
    taken: list[Publish] = []
    line = Line(taken.extend, lambda _: None)
    stream = LONG + MESSAGE + LONG + MESSAGE
    for size in (1, 2, 3, 5_000, 300_020):
        for start in range(0, len(stream), size):
            line.data_received(stream[start : start + size])
    assert [len(publish.payload) for publish in taken] == [300_000, 2] * 10


async def test_reader_that_cannot_say_who_it_is_ends_and_says_why() -> None:
    server = await asyncio.start_server(Broker().serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    source = MqttReader(BrokerAddress(host="127.0.0.1", port=port, user="a\0b"), "c", ["#"])
    with pytest.raises(ValueError, match="U\\+0000"):
        await source.start()
    server.close()
