"""Intake, journal, writer and detection without an API as a child process, for proofs about the broker.

Run as a module it is that process: it prints `ready` when the broker has confirmed the subscriptions, and at
SIGTERM it drains and ends. Broker and data directory come from the environment (IOC_…), as for every service.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from app.assembly import broker_session
from app.data_directory import DataDirectory
from app.logs import logging_to
from app.mqtt import BrokerAddress
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores
from devices.cities import load_city
from devices.clock import SystemClock
from devices.registry import Registry
from devices.registry_files import read_registry

__all__ = ["CollectorProcess"]

_READY_S = 60.0
_DRAIN_S = 120.0
_IDLE_ROUNDS = 3
_POLL_S = 0.2
_READY = "ready"


class CollectorProcess:
    """A collector of its own at a broker; the same data directory again finds the same session."""

    def __init__(self, data: Path, registry: Path, address: BrokerAddress) -> None:
        settings = {
            "IOC_DATA_DIR": str(data),
            "IOC_MQTT_HOST": address.host,
            "IOC_MQTT_PORT": str(address.port),
            "IOC_MQTT_USER": address.user,
            "IOC_MQTT_PASSWORD": address.password,
            "IOC_MQTT_CA_FILE": str(address.ca_file) if address.ca_file else None,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.collector_process", str(registry)],
            env=dict(os.environ) | given,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def wait_ready(self) -> None:
        """Return when it is subscribed.

        Raises:
            RuntimeError: it is not in time.
        """
        if not self._ready.wait(_READY_S):
            raise RuntimeError("the collector did not become ready")

    def finish(self) -> None:
        """Let it take what waits at the broker, write everything, and end.

        Raises:
            RuntimeError: it ended with another status than 0.
        """
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(_DRAIN_S)
        if status != 0:
            raise RuntimeError(f"the collector ended with status {status}")

    def kill(self) -> None:
        """End it at once, if it still runs. Idempotent."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if line.strip() == _READY:
                self._ready.set()


async def _collect(settings: ServiceSettings, registry: Registry) -> None:
    directory = DataDirectory(settings.data_dir)
    stores = Stores(directory, settings, SystemClock())
    session = broker_session(settings, stores)
    pipeline = Pipeline(
        settings=settings,
        stores=stores,
        clock=SystemClock(),
        city=load_city("tam-ky"),
        registry=registry,
        programmes=(),
        source=session,
    )
    told, stop_intake, stop_consumers = asyncio.Event(), asyncio.Event(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    session.start()
    consumers = [
        asyncio.create_task(part.run(stop_consumers)) for part in (pipeline.writer, pipeline.detection)
    ]
    intake = asyncio.create_task(pipeline.intake.run(stop_intake))
    await session.wait_subscribed()
    print(_READY, flush=True)
    await told.wait()
    await _drained(pipeline)
    stop_intake.set()
    await intake
    await session.stop()
    while min(pipeline.writer.position, pipeline.detection.read_position) < pipeline.tail.newest:
        await asyncio.sleep(_POLL_S)
    stop_consumers.set()
    await asyncio.gather(*consumers)
    stores.close()
    directory.release()


async def _drained(pipeline: Pipeline) -> None:
    """Return when nothing has come for a while."""
    idle, seen = 0, -1
    while idle < _IDLE_ROUNDS:
        await asyncio.sleep(_POLL_S)
        idle = idle + 1 if pipeline.intake.messages == seen else 0
        seen = pipeline.intake.messages


def main() -> None:
    """Be the collector."""
    settings = ServiceSettings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with logging_to(settings.data_dir / "ioc.log"):
        asyncio.run(_collect(settings, read_registry(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
