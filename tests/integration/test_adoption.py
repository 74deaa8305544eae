"""An unknown device on a real broker: it speaks, is pending, is adopted by API, is heard at once."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.auth import Role
from api.services import OperationsViews
from app.assembly import broker_session, service_of
from app.brokers import HOST, chosen_broker, free_port
from app.data_directory import DataDirectory
from app.mqtt import PahoPublisher
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores
from devices.cities import load_city
from devices.clock import SystemClock
from devices.registry import Registry
from simulators.messages import OutgoingMessage
from store.operations.devices import DeviceRepository

PATIENCE_S = 60.0
LAMP = "ioc/v1/tam-ky/streetlight/L9/telemetry"
SOCKET = "tele/AABBCC/SENSOR"

pytestmark = [pytest.mark.anyio, pytest.mark.mosquitto]


class Running:
    """A service on a broker of its own, somebody who publishes to it, and a client of its API."""

    def __init__(self, client: httpx.AsyncClient, publisher: PahoPublisher, pipeline: Pipeline) -> None:
        self.client = client
        self.pipeline = pipeline
        self._publisher = publisher

    async def say(self, topic: str, **members: Any) -> None:
        message = OutgoingMessage(at_ms=0, topic=topic, payload=json.dumps(members).encode())
        await self._publisher.publish([message])

    async def until(self, path: str, holds: Callable[[Any], bool]) -> Any:
        """The first answer for which something holds."""
        while True:
            answer = await self.client.get(path)
            if answer.is_success and holds(answer.json()):
                return answer.json()
            await asyncio.sleep(0.05)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with AsyncExitStack() as cleanups:
        port, http_port = free_port(), free_port()
        settings = ServiceSettings(
            data_dir=tmp_path / "data", mqtt_host=HOST, mqtt_port=port, http_port=http_port
        )
        directory = DataDirectory(settings.data_dir)
        cleanups.callback(directory.release)
        stores = Stores(directory, settings)
        cleanups.callback(stores.close)
        broker = chosen_broker("mosquitto", port, directory.broker)
        cleanups.push_async_callback(broker.stop)
        await broker.start()
        views, session = OperationsViews.of(stores.operations), broker_session(settings, stores)
        pipeline = Pipeline(
            settings=settings,
            stores=stores,
            clock=SystemClock(),
            city=load_city("tam-ky"),
            registry=Registry([]),
            programmes=(),
            source=session,
        )
        service = service_of(pipeline, session, views)
        cleanups.push_async_callback(service.stop)
        await service.start()
        publisher = PahoPublisher(settings.broker, "unknown-devices")
        cleanups.push_async_callback(publisher.stop)
        await publisher.start()
        token = views.keys.create("anna", Role.ADMIN, who="test", at_ms=SystemClock().now_ms()).token
        headers = {"Authorization": f"Bearer {token}"}
        client = httpx.AsyncClient(base_url=f"http://{HOST}:{http_port}", headers=headers, timeout=30.0)
        await cleanups.enter_async_context(client)
        yield Running(client, publisher, pipeline)


async def adopted(running: Running, identity: str, body: dict[str, Any]) -> dict[str, Any]:
    """Wait until somebody is pending, and adopt them."""

    def is_there(page: Any) -> bool:
        return any(item["identity"] == identity for item in page["items"])

    page = await running.until("/v1/pending-devices", is_there)
    [waiting] = [item for item in page["items"] if item["identity"] == identity]
    assert waiting["sample"]["encoding"] == "utf-8"
    answer = await running.client.post(f"/v1/pending-devices/{waiting['id']}/adopt", json=body)
    assert answer.status_code == 200, answer.text
    device: dict[str, Any] = answer.json()
    return device


async def test_unknown_device_speaks_is_adopted_and_is_heard_without_a_restart(running: Running) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await running.say(LAMP, ts=_now_ms(), seq=1, power_w=0.0, cmd_on=True)
        assert (await adopted(running, "native:L9", {"area": "tam-ky", "rated_w": 60}))[
            "kind"
        ] == "streetlight"
        await running.say(LAMP, ts=_now_ms(), seq=2, power_w=58.5)
        latest = await running.until("/v1/devices/L9/latest", lambda shown: shown["reading"] is not None)
        assert latest["reading"]["values"] == {"power_w": 58.5}
        span = "from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z"
        stored = await running.until(
            f"/v1/devices/L9/telemetry?{span}", lambda shown: bool(shown["readings"])
        )
        assert len(stored["readings"]) == 1
        assert (await running.client.get("/v1/pending-devices")).json()["items"] == []
    assert running.pipeline.detection.engine.counters.unknown_devices == 0


async def test_vendor_device_is_adopted_and_another_imported_beside_it(running: Running) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await running.say(SOCKET, Time="2026-11-22T12:00:00", ENERGY={"Power": 41, "Voltage": 229})
        body = {"id": "L1", "kind": "streetlight", "area": "tam-ky", "rated_w": 60}
        assert (await adopted(running, "tasmota:AABBCC", body))["vendor_ids"] == ["tasmota:AABBCC"]
        csv = "id,kind,area,rated_w\nL2,streetlight,tam-ky,60\n"
        imported = await running.client.post(
            "/v1/devices/import", content=csv.encode(), headers={"Content-Type": "text/csv"}
        )
        assert imported.json()["added"] == ["L2"]
        await running.say(SOCKET, Time="2026-11-22T12:00:10", ENERGY={"Power": 42, "Voltage": 230})
        await running.say(LAMP.replace("L9", "L2"), ts=_now_ms(), seq=1, power_w=57.0)
        for device, power_w in (("L1", 42), ("L2", 57)):
            latest = await running.until(
                f"/v1/devices/{device}/latest", lambda shown: shown["reading"] is not None
            )
            assert latest["reading"]["values"]["power_w"] == power_w
    assert list(DeviceRepository(running.pipeline.stores.operations).load()) == ["L1", "L2"]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
