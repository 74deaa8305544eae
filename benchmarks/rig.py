"""What measurements share: a broker of their own, the load's devices, and what a child process uses."""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from statistics import median

from app.brokers import find_mosquitto, mosquitto
from app.mqtt import BrokerAddress
from benchmarks.demo_process import free_port
from devices.cities import load_city
from simulators.city import SimulatedCity, build_city
from simulators.load.messages import DeviceMessages
from simulators.load.templates import device_messages

__all__ = ["SEED", "city_of_load", "cpu_s", "fresh_broker", "load_messages", "middle", "rss_mb"]

SEED = 1
_INTERVAL_S = 1.0
_BEGUN_MS = time.time_ns() // 1_000_000
"""Messages carry the real time, so they must be of it: lamps of an evening, by day, are a city of faults."""


@contextmanager
def fresh_broker(folder: Path) -> Iterator[BrokerAddress]:
    """A mosquitto with empty queues, gone afterwards.

    Raises:
        FileNotFoundError: mosquitto is not installed.
    """
    program = find_mosquitto()
    if program is None:
        raise FileNotFoundError(
            "this measurement needs mosquitto, mosquitto_pub and mosquitto_sub: make servers"
        )
    # Sessions outlive a broker in its folder, and one that nobody reads would slow down the next.
    folder.mkdir(parents=True, exist_ok=True)
    broker = mosquitto(program, free_port(), Path(tempfile.mkdtemp(dir=folder)))
    asyncio.run(broker.start())
    try:
        yield broker.address
    finally:
        asyncio.run(broker.stop())


@lru_cache(maxsize=2)
def city_of_load(devices: int) -> SimulatedCity:
    """A city whose devices report every second: at full load they are busy, but none is limited."""
    city = build_city(load_city("tam-ky"), devices, SEED)
    return replace(city, devices=tuple(replace(device, interval_s=_INTERVAL_S) for device in city.devices))


@lru_cache(maxsize=2)
def load_messages(devices: int) -> list[DeviceMessages]:
    """What the devices of that city say."""
    return device_messages(city_of_load(devices), seed=SEED, at_ms=_BEGUN_MS)


def cpu_s(pid: int) -> float:
    """Processor seconds that a process has used so far (Linux)."""
    # The name of a process may have spaces; what follows its closing bracket has not.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Memory that a process has in use (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576


def middle(values: list[float]) -> float:
    """The median; 0 of nothing."""
    return median(values) if values else 0.0
