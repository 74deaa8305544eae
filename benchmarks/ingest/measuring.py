"""One measurement: a broker with empty queues, a consumer, and the load."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from app.mqtt import BrokerAddress
from benchmarks.ingest.consumers import Collector, Consumer
from benchmarks.rig import fresh_broker, load_messages, rss_mb
from simulators.load.fleet import LoadFleet
from simulators.load.plan import LoadPlan

__all__ = ["Drained", "drain", "latency", "soak"]

_PROCESSES = 2
_CONNECTIONS = 8
_SAMPLE_S = 5.0


class Drained(NamedTuple):
    """Messages stored a second, and processor seconds of the consumer for 100,000 of them."""

    stored_per_s: float
    cpu_s_per_100k: float


def drain(make: Callable[[BrokerAddress], Consumer], folder: Path, devices: int, messages: int) -> Drained:
    """Publish as fast as the broker takes it while the consumer consumes, until everything is stored.

    Raises:
        StalledError: the consumer came to a stand.
    """
    with (
        fresh_broker(folder / "broker") as broker,
        make(broker) as consumer,
        LoadFleet(_plan(broker, count=messages), load_messages(devices)) as fleet,
    ):
        begin_s = time.perf_counter()
        fleet.begin()
        used_s = consumer.wait_stored()
        elapsed_s = time.perf_counter() - begin_s
        fleet.wait()
    return Drained(messages / elapsed_s, used_s / messages * 100_000)


def latency(
    make: Callable[[BrokerAddress], Collector], folder: Path, devices: int, messages: int, rate_per_s: float
) -> tuple[float, float]:
    """Milliseconds from publish to stored that half, and 99 of 100 messages needed at most at a rate."""
    with fresh_broker(folder / "broker") as broker, make(broker) as collector:
        plan = _plan(broker, count=messages, rate_per_s=rate_per_s)
        with LoadFleet(plan, load_messages(devices)) as fleet:
            fleet.begin()
            collector.wait_stored()
            fleet.wait()
        return collector.told["p50_ms"], collector.told["p99_ms"]


class Soaked(NamedTuple):
    """Memory of the collector (MB) at each sample, messages stored, and those not yet stored at the end."""

    rss_mb: list[float]
    stored: int
    behind: int


def soak(
    make: Callable[[BrokerAddress], Collector],
    folder: Path,
    devices: int,
    seconds: float,
    rate_per_s: float,
    tell: Callable[[float, float], None],
) -> Soaked:
    """Memory under full load: the rate that it drains at. `tell` hears seconds and MB."""
    samples: list[float] = []
    with fresh_broker(folder / "broker") as broker, make(broker) as collector:
        plan = _plan(broker, run_for_s=seconds, rate_per_s=rate_per_s)
        with LoadFleet(plan, load_messages(devices)) as fleet:
            fleet.begin()
            while fleet.is_running:
                time.sleep(min(_SAMPLE_S, seconds / 20))
                samples.append(round(rss_mb(collector.pid), 1))
                tell(fleet.elapsed_s, samples[-1])
            stored = collector.told["stored"]
            return Soaked(samples, stored, fleet.counts.acknowledged - stored)


def _plan(
    broker: BrokerAddress,
    *,
    count: int | None = None,
    run_for_s: float | None = None,
    rate_per_s: float | None = None,
) -> LoadPlan:
    return LoadPlan(
        host=broker.host,
        port=broker.port,
        processes=_PROCESSES,
        connections=_CONNECTIONS,
        count=count,
        run_for_s=run_for_s,
        rate_per_s=rate_per_s,
    )
