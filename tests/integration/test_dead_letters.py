"""Poison on a real broker: each kind has its reason, nothing good is held up, and a fix makes it good."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.assembly import broker_session
from app.brokers import find_mosquitto, mosquitto
from app.data_directory import DataDirectory
from app.mqtt import PahoPublisher
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores
from devices.cities import load_city
from devices.clock import SystemClock
from devices.registry import Device, Registry
from store.operations.dead_letters import DeadLetterFilter, DeadLetterRepository, ReplayState
from store.operations.replays import ReplayRepository
from tests.app.test_message_source import Message, free_port
from tests.collector.support import LAMPS

PATIENCE_S = 60.0
TOPIC = "ioc/v1/tam-ky/streetlight/TK-L-0001/telemetry"
STRANGER = "ioc/v1/tam-ky/streetlight/TK-L-0009/telemetry"
POISON = {
    "not_json": Message(TOPIC, b'{"power_w": 1'),
    "oversized": Message(TOPIC, b'{"power_w": 1, "firmware": "' + b"x" * 20_000 + b'"}'),
    "device_mismatch": Message(TOPIC, b'{"device": "TK-L-0002", "power_w": 1}'),
    "wrong_kind": Message(TOPIC.replace("streetlight", "wifi-ap"), b'{"clients": 1}'),
    "too_deep": Message(TOPIC, b"[" * 5_000 + b"]" * 5_000),
    "not_utf8": Message(TOPIC, b'\xff\xfe{"power_w": 1}'),
    "schema": Message(TOPIC, b'{"power_w": "much"}'),
    "unknown_device": Message(STRANGER, b'{"ts": "2026-11-24T11:00:00Z", "seq": 1, "power_w": 1.5}'),
}
NOT_A_NUMBER = Message(TOPIC, b'{"power_w": NaN}')


@dataclass
class Running:
    pipeline: Pipeline
    stores: Stores
    publisher: PahoPublisher

    @property
    def letters(self) -> DeadLetterRepository:
        return DeadLetterRepository(self.stores.operations)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(condition):
                await asyncio.sleep(0.05)

    def drained(self) -> bool:
        pipeline = self.pipeline
        return min(pipeline.writer.position, pipeline.detection.position) >= pipeline.tail.newest


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    program = find_mosquitto()
    assert program is not None, "mosquitto is missing: make servers"
    broker = mosquitto(program, free_port(), tmp_path / "broker")
    await broker.start()
    settings = ServiceSettings(data_dir=tmp_path / "data", mqtt_port=broker.address.port)
    directory = DataDirectory(settings.data_dir)
    stores = Stores(directory, settings)
    session = broker_session(settings, stores)
    pipeline = Pipeline(
        settings=settings,
        stores=stores,
        clock=SystemClock(),
        city=load_city("tam-ky"),
        registry=LAMPS,
        programmes=(),
        source=session,
    )
    publisher = PahoPublisher(broker.address, "devices-under-test")
    await publisher.start()
    stop = asyncio.Event()
    session.start()
    works = (pipeline.intake.run(stop), pipeline.writer.run(stop), pipeline.detection.run(stop))
    tasks = [asyncio.create_task(work) for work in works]
    await asyncio.wait_for(session.wait_subscribed(), PATIENCE_S)
    yield Running(pipeline, stores, publisher)
    stop.set()
    await asyncio.gather(*tasks)
    await publisher.stop()
    await session.stop()
    await broker.stop()
    stores.close()
    directory.release()


def good(seq: int) -> Message:
    return Message(TOPIC, json.dumps({"ts": 1_795_000_000_000 + seq, "seq": seq, "power_w": 60.0}).encode())


@pytest.mark.mosquitto
async def test_poison_has_its_reason_and_holds_up_nobody(running: Running) -> None:
    poison = [*POISON.values(), NOT_A_NUMBER]
    mixed = [message for seq, bad in enumerate(poison) for message in (bad, good(seq))]
    await running.publisher.publish(mixed)
    await running.until(lambda: sum(running.letters.counts().values()) == len(poison))
    await running.until(running.drained)
    assert running.letters.counts() == dict.fromkeys(sorted(POISON), 1) | {"not_json": 2}
    assert running.stores.telemetry.counts()["streetlight"] == len(poison)
    letters = {letter.reason: letter for letter in running.letters.list().items}
    assert not letters["oversized"].is_whole
    assert letters["oversized"].payload_bytes == len(POISON["oversized"].payload)
    assert (letters["not_utf8"].topic, letters["not_utf8"].payload) == (TOPIC, POISON["not_utf8"].payload)
    assert running.stores.journal.balance().adds_up


@pytest.mark.mosquitto
async def test_replayed_letter_is_good_once_the_device_is_known(running: Running) -> None:
    await running.publisher.publish([POISON["unknown_device"], POISON["schema"]])
    await running.until(lambda: sum(running.letters.counts().values()) == 2)
    schema, stranger = sorted(running.letters.list().items, key=lambda letter: letter.reason)
    added = Device(id="TK-L-0009", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})
    running.pipeline.change(Registry([*LAMPS.values(), added]), ())
    replays = ReplayRepository(running.stores.operations)
    for _ in range(2):
        requested = replays.request_matching(DeadLetterFilter(), limit=9, who="an", at_ms=1, detail={})
        await running.until(lambda: not replays.waiting(running.stores.journal.id, 9))
        await running.until(running.drained)
    assert requested == (1, 0), "the new letter alone is left to replay"
    again = {letter.row: letter for letter in running.letters.list().items}
    assert again[stranger.row].replay is ReplayState.GOOD
    assert again[schema.row].replay is ReplayState.REFUSED
    newer = again[schema.row].refused_as
    assert newer is not None
    assert (again[newer].payload, again[newer].received_at_ms) == (schema.payload, schema.received_at_ms)
    assert running.stores.telemetry.counts()["streetlight"] == 1
    assert running.stores.journal.balance().adds_up
