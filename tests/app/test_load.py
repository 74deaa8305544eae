"""The load generator on a real broker: what its ledger says is what a subscriber received."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.brokers import ChildBroker, find_mosquitto, mosquitto
from app.load import run_load
from app.mqtt import PahoSource
from devices.cities import load_city
from devices.topics import NATIVE_FILTERS, parse_native
from simulators.city import build_city
from simulators.load.errors import LoadError
from simulators.load.ledger import Acknowledged, read_ledger
from simulators.load.messages import DeviceMessages
from simulators.load.plan import LoadPlan
from simulators.load.templates import device_messages
from tests.app.test_message_source import collect, free_port, subscribed

pytestmark = pytest.mark.mosquitto
AT_MS = 1_795_344_600_000


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[ChildBroker]:
    program = find_mosquitto()
    assert program is not None, "mosquitto is missing: make servers"
    child = mosquitto(program, free_port(), tmp_path / "broker")
    await child.start()
    yield child
    await child.stop()


@pytest.fixture(scope="module")
def devices() -> list[DeviceMessages]:
    return device_messages(build_city(load_city("tam-ky"), 60, 1), seed=1, at_ms=AT_MS)


def plan(broker: ChildBroker, **given: Any) -> LoadPlan:
    return LoadPlan(host=broker.address.host, port=broker.address.port, **given)


async def test_ledger_of_two_processes_is_what_a_subscriber_received(
    broker: ChildBroker, devices: list[DeviceMessages], tmp_path: Path
) -> None:
    source = await subscribed(PahoSource(broker.address, "witness", NATIVE_FILTERS))
    ledger = tmp_path / "ledger"
    load = asyncio.to_thread(
        run_load, plan(broker, count=5_000, processes=2, connections=5, ledger=ledger), devices
    )
    report, received = await asyncio.gather(load, collect(source, 5_000))
    await source.stop()
    assert (report.sent, report.acknowledged, report.refused) == (5_000, 5_000, 0)
    seen = []
    for message in received:
        said = msgspec.json.decode(message.payload)
        seen.append(Acknowledged(parse_native(message.topic).device, said["ts"], said["seq"]))
    assert sorted(read_ledger(ledger)) == sorted(seen)
    assert len(set(seen)) == 5_000


async def test_load_at_qos_0_ends_when_the_broker_has_taken_everything(
    broker: ChildBroker, devices: list[DeviceMessages]
) -> None:
    source = await subscribed(PahoSource(broker.address, "witness", NATIVE_FILTERS))
    load = asyncio.to_thread(run_load, plan(broker, count=1_000, qos=0, processes=1, connections=60), devices)
    report, received = await asyncio.gather(load, collect(source, 1_000))
    await source.stop()
    assert (report.sent, report.acknowledged) == (1_000, 0)
    assert len(received) == 1_000


async def test_load_without_a_broker_says_so(broker: ChildBroker, devices: list[DeviceMessages]) -> None:
    nowhere = plan(broker, count=10, processes=1, connections=1)
    await broker.stop()
    with pytest.raises(LoadError, match="refused"):
        await asyncio.to_thread(run_load, nowhere, devices)
