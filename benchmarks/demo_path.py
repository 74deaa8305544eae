"""How many messages a second the demo's path takes, beside a C subscriber that throws them away.

Both drain the same messages, queued by the same mosquitto for two persistent sessions: one after the other,
nothing else running. The path is broker, paho, decode, journal with fsync, acknowledgement, DuckDB, and
detection with all rules. Run it as `make bench`; ARGS="--messages N --json FILE".
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.brokers import ChildBroker, find_mosquitto, mosquitto
from app.data_directory import DataDirectory
from app.logs import logging_to
from app.mqtt import PahoPublisher
from app.mqtt_reader import MqttReader
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores
from benchmarks.demo_process import free_port
from devices.cities import load_city
from devices.clock import SteppedClock
from devices.decoders.loading import decoders
from devices.registry import Registry
from simulators.city import SimulatedCity, build_city
from simulators.messages import OutgoingMessage
from simulators.scenario import load_scenario
from simulators.simulation import Simulation

_DEVICES = 300
_SEED = 1
_START_MS = 1_795_344_600_000  # 17:50 on a November evening in the city: lamps on, rush hour
_STEP_MS = 60_000
_PUBLISH_AT_ONCE = 5_000
_FILTERS = tuple(name for decoder in decoders() for name in decoder.filters)


def main() -> int:
    """Exit status 0 when everything published was stored."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if find_mosquitto() is None:
        parser.error("this measurement needs mosquitto and mosquitto_sub: make servers")
    console = Console()
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as folder:
        figures = asyncio.run(_measure(options.messages, Path(folder), console))
    table = Table(title="The demo's path")
    for heading in ("figure", "value"):
        table.add_column(heading)
    for name, value in figures.items():
        table.add_row(name, f"{value:,}")
    console.print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if figures["fates_add_up"] else 1


async def _measure(count: int, folder: Path, console: Console) -> dict[str, Any]:
    """Queue the messages once, drain them twice."""
    city = load_city("tam-ky")
    simulated = build_city(city, _DEVICES, _SEED)
    messages, end_ms = _messages(simulated, count)
    broker = mosquitto(find_mosquitto() or "", free_port(), folder / "broker")
    await broker.start()
    try:
        settings = ServiceSettings(data_dir=folder / "data", mqtt_port=broker.address.port)
        ours = MqttReader(broker.address, "bench-ours", _FILTERS, receive_maximum=settings.receive_maximum)
        ours.start()
        await ours.wait_subscribed()
        await ours.stop()
        await _reference(broker, 0)
        await _publish(broker, messages, console)
        reference_s = await _reference(broker, len(messages))
        with logging_to(folder / "bench.log"):
            ours_s, cpu_s, adds_up = await _drain(settings, simulated, end_ms, len(messages))
    finally:
        await broker.stop()
    stored_per_s, reference_per_s = len(messages) / ours_s, len(messages) / reference_s
    return {
        "ratio_c_subscriber": round(stored_per_s / reference_per_s, 3),
        "stored_per_s": round(stored_per_s),
        "c_subscriber_per_s": round(reference_per_s),
        "cpu_s_per_100k": round(cpu_s / len(messages) * 100_000, 2),
        "messages": len(messages),
        "fates_add_up": adds_up,
    }


def _messages(city: SimulatedCity, count: int) -> tuple[list[OutgoingMessage], int]:
    """At least `count` messages of a quiet evening, and when the last of them was sent (epoch ms)."""
    simulation = Simulation(city, load_scenario("quiet"), seed=_SEED, start_ms=_START_MS)
    found: list[OutgoingMessage] = []
    while len(found) < count:
        found += simulation.advance(simulation.now_ms + _STEP_MS)
    return found, simulation.now_ms


async def _publish(broker: ChildBroker, messages: list[OutgoingMessage], console: Console) -> None:
    publisher = PahoPublisher(broker.address, "bench-publisher")
    await publisher.start()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("queueing messages", total=len(messages))
        for first in range(0, len(messages), _PUBLISH_AT_ONCE):
            await publisher.publish(messages[first : first + _PUBLISH_AT_ONCE])
            progress.advance(task, _PUBLISH_AT_ONCE)
    await publisher.stop()


async def _reference(broker: ChildBroker, count: int) -> float:
    """Seconds that mosquitto_sub needs for the queued messages; with 0 it only leaves its subscription."""
    address = broker.address
    command = ["mosquitto_sub", "-h", address.host, "-p", str(address.port), "-q", "1", "-c", "-i", "bench-c"]
    command += [argument for name in _FILTERS for argument in ("-t", name)]
    command += ["-C", str(count)] if count else ["-E"]
    begin_s = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
    await process.wait()
    return time.perf_counter() - begin_s


async def _drain(
    settings: ServiceSettings, city: SimulatedCity, end_ms: int, count: int
) -> tuple[float, float, bool]:
    """Seconds and CPU seconds until everything is stored and examined, and whether the fates add up."""
    directory = DataDirectory(settings.data_dir)
    stores = Stores(directory, settings)
    source = MqttReader(settings.broker, "bench-ours", _FILTERS, receive_maximum=settings.receive_maximum)
    pipeline = Pipeline(
        settings=settings,
        stores=stores,
        clock=SteppedClock(end_ms),
        city=city.city,
        registry=Registry(city.devices),
        programmes=city.programmes,
        source=source,
    )
    stop_intake, stop_consumers = asyncio.Event(), asyncio.Event()
    consumers = [
        asyncio.create_task(pipeline.writer.run(stop_consumers)),
        asyncio.create_task(pipeline.detection.run(stop_consumers)),
    ]
    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    source.start()
    intake = asyncio.create_task(pipeline.intake.run(stop_intake))
    while pipeline.intake.messages < count:
        await asyncio.sleep(0.02)
    stop_consumers.set()
    await asyncio.gather(*consumers)
    elapsed_s, cpu_s = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s
    stop_intake.set()
    await intake
    await source.stop()
    balance = stores.journal.balance()
    stores.close()
    directory.release()
    return elapsed_s, cpu_s, balance.adds_up


if __name__ == "__main__":
    sys.exit(main())
