"""Two collectors at one broker, each with wards of its own, that share nothing else."""

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
from app.mqtt_reader import MqttReader
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores
from collector.fates import Fate
from devices.cities import load_city
from devices.clock import SystemClock
from devices.registry import Device, Registry
from tests.app.test_message_source import Message, free_port

PATIENCE_S = 60.0
AREAS = ("ban-thach", "tam-ky")
EACH = 500
CITY = Registry(
    Device(
        id=f"L-{area}",
        kind="streetlight",
        area=area,
        attributes={"rated_w": 60.0},
        vendor_ids=(f"tasmota:plug-{area}",),
    )
    for area in AREAS
)


@dataclass
class Collector:
    pipeline: Pipeline
    stores: Stores
    directory: DataDirectory
    session: MqttReader
    stop: asyncio.Event
    tasks: list[asyncio.Task[None]]

    @property
    def fates(self) -> dict[str, int]:
        return self.stores.journal.balance().as_dict()

    async def end(self) -> None:
        self.stop.set()
        await asyncio.gather(*self.tasks)
        await self.session.stop()
        self.stores.close()
        self.directory.release()


def collector(area: str, port: int, folder: Path) -> Collector:
    settings = ServiceSettings(
        data_dir=folder / area, mqtt_port=port, areas=frozenset({area}), collector_id=f"collector-{area}"
    )
    directory = DataDirectory(settings.data_dir)
    stores = Stores(directory, settings)
    session = broker_session(settings, stores)
    pipeline = Pipeline(
        settings=settings,
        stores=stores,
        clock=SystemClock(),
        city=load_city("tam-ky"),
        registry=CITY,
        programmes=(),
        source=session,
    )
    stop = asyncio.Event()
    session.start()
    works = (pipeline.intake.run(stop), pipeline.writer.run(stop), pipeline.detection.run(stop))
    return Collector(
        pipeline, stores, directory, session, stop, [asyncio.create_task(work) for work in works]
    )


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    program = find_mosquitto()
    assert program is not None, "mosquitto is missing: make servers"
    broker = mosquitto(program, free_port(), tmp_path / "broker")
    await broker.start()
    yield broker.address.port
    await broker.stop()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)


def said(area: str, seq: int) -> Message:
    body = json.dumps({"ts": 1_795_000_000_000 + seq * 1000, "seq": seq, "power_w": 60.0}).encode()
    return Message(f"ioc/v1/{area}/streetlight/L-{area}/telemetry", body)


@pytest.mark.mosquitto
async def test_two_collectors_share_a_city_by_area_and_each_reading_is_stored_once(
    port: int, tmp_path: Path
) -> None:
    both = [collector(area, port, tmp_path) for area in AREAS]
    for one in both:
        await asyncio.wait_for(one.session.wait_subscribed(), PATIENCE_S)
    devices = PahoPublisher(both[0].pipeline.settings.broker, "devices")
    await devices.start()
    await devices.publish([said(area, seq) for seq in range(EACH) for area in AREAS])
    await devices.publish([Message(f"tele/plug-{area}/STATE", b'{"POWER":"ON"}') for area in AREAS])
    kept = EACH + 1
    await until(lambda: all(one.stores.telemetry.counts()["streetlight"] >= kept for one in both))
    for one in both:
        assert one.stores.telemetry.counts()["streetlight"] == kept
        ignored = one.stores.journal.balance().tally.reasons(Fate.IGNORED)
        assert ignored["of_another_collector"] == 1
        assert one.fates["dead_lettered"] == one.fates["duplicates"] == 0
    # One of them away costs the other nothing, and its own wards wait for it at the broker.
    await both[0].end()
    await devices.publish([said(area, seq) for seq in range(EACH, 2 * EACH) for area in AREAS])
    await until(lambda: both[1].stores.telemetry.counts()["streetlight"] == kept + EACH)
    back = collector(AREAS[0], port, tmp_path)
    await until(lambda: back.stores.telemetry.counts()["streetlight"] == kept + EACH)
    assert back.fates["duplicates"] == 0
    await devices.stop()
    await back.end()
    await both[1].end()
