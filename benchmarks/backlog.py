"""How fast the service takes a backlog from the broker: messages published while it was away."""

import asyncio
import time
from collections.abc import Sequence
from typing import NamedTuple

from app.assembly import broker_session
from app.data_directory import DataDirectory
from app.logs import logging_to
from app.mqtt import BrokerAddress
from app.service import Service
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores
from benchmarks.publishing import publish_all
from benchmarks.run_process import Installation
from devices.cities import load_city
from devices.clock import SystemClock
from devices.registry import Registry
from simulators.messages import OutgoingMessage

__all__ = ["Drained", "drain_backlog"]

_POLL_S = 0.002
_PATIENCE_S = 120.0


class Drained(NamedTuple):
    """Seconds from connecting until all were acknowledged, read by both consumers, committed by both."""

    acknowledged_s: float
    stored_s: float
    finished_s: float


def drain_backlog(
    installation: Installation, broker: BrokerAddress, messages: Sequence[OutgoingMessage]
) -> Drained:
    """Publish to a session whose service is away; then let the service come, here in this process."""
    with logging_to(installation.folder / "log"):
        asyncio.run(_run(installation, 0))
        publish_all(broker, messages)
        return asyncio.run(_run(installation, len(messages)))


async def _run(installation: Installation, messages: int) -> Drained:
    """Run the service until it has taken so many messages."""
    settings = ServiceSettings(
        data_dir=installation.data, mqtt_port=installation.mqtt_port, http_port=installation.http_port
    )
    directory = DataDirectory(settings.data_dir)
    stores = Stores(directory, settings)
    session = broker_session(settings, stores)
    pipeline = Pipeline(
        settings=settings,
        stores=stores,
        clock=SystemClock(),
        city=load_city("tam-ky"),
        registry=Registry(installation.devices),
        programmes=(),
        source=session,
    )
    service = Service(pipeline, session)
    # Made here, so that making them is not measured.
    assert (pipeline.intake, pipeline.writer, pipeline.detection) is not None
    try:
        begin_s = time.perf_counter()
        starting = asyncio.create_task(service.start())
        drained = await asyncio.wait_for(_drained(pipeline, messages, begin_s), _PATIENCE_S)
        await starting
    finally:
        await service.stop()
        stores.close()
        directory.release()
    return drained


async def _drained(pipeline: Pipeline, messages: int, begin_s: float) -> Drained:
    """When each step was done, in seconds since the beginning."""
    intake, tail, detection = pipeline.intake, pipeline.tail, pipeline.detection
    while intake.messages < messages:
        await asyncio.sleep(_POLL_S)
    acknowledged_s, newest = time.perf_counter() - begin_s, tail.newest
    while min(pipeline.writer.position, detection.read_position) < newest:
        await asyncio.sleep(_POLL_S)
    stored_s = time.perf_counter() - begin_s
    while detection.position < newest:
        await asyncio.sleep(_POLL_S)
    return Drained(acknowledged_s, stored_s, time.perf_counter() - begin_s)
