"""The collector with all rules on, as a process of its own: `python -m benchmarks.ingest.collector`.

It says what it does in lines of JSON: `{"ready": true}`, then every quarter of a second, and at once when
everything expected is stored and examined, `{"stored": …, "complete": …, "cpu_s": …}`; with `--ages` the
percentiles of publish to stored in milliseconds besides. It ends with its input.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from app.assembly import broker_session
from app.data_directory import DataDirectory
from app.logs import logging_to
from app.settings import ServiceSettings
from app.tuning import tune_collector
from app.wiring import Pipeline, Stores
from benchmarks.rig import city_of_load, load_messages
from collector.self_report import KIND as COLLECTOR
from devices.batch import ReadingBatch
from devices.clock import SystemClock
from devices.messages import RawMessage
from devices.registry import Registry
from simulators.load.messages import FIRST_SEQ, DeviceMessages, stamp

INTRODUCTIONS = 2
"""Readings of each device that are stored before the measurement."""

_APART_MS = 300_000
_POLL_S = 0.02
_TELL_S = 0.25


@dataclass
class _Count:
    """Readings that the telemetry store has, and how long each took from the device's time to there."""

    keep_ages: bool
    stored: int = 0
    ages_ms: list[pl.Series] = field(default_factory=list)

    def note(self, batch: ReadingBatch) -> None:
        """A batch has been stored; what the collector says of itself is none of the load."""
        if batch.kind == COLLECTOR:
            return
        self.stored += batch.frame.height
        if self.keep_ages:
            self.ages_ms.append(time.time_ns() // 1_000_000 - batch.frame["measured_at"].to_physical())

    def percentiles_ms(self) -> dict[str, float]:
        """Milliseconds that half, and 99 of 100, readings needed at most; nothing unless ages are kept."""
        if not self.ages_ms:
            return {}
        ages = pl.concat(self.ages_ms)
        return {name: float(ages.quantile(share) or 0) for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99))}


class _CountedStore:
    """The telemetry store, with every write counted when it is done."""

    def __init__(self, store: Any, count: _Count) -> None:
        self._store = store
        self._count = count

    def write(self, batch: ReadingBatch) -> Any:
        """Store readings."""
        answer = self._store.write(batch)
        self._count.note(batch)
        return answer

    def __getattr__(self, name: str) -> Any:
        """Everything else is the store's."""
        return getattr(self._store, name)


def main() -> None:
    """Collect until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--mqtt-port", type=int, required=True)
    parser.add_argument("--devices", type=int, required=True)
    parser.add_argument("--expect", type=int, required=True)
    parser.add_argument("--ages", action="store_true")
    options = parser.parse_args()
    options.data.mkdir(parents=True)
    with logging_to(options.data / "log"):
        asyncio.run(_collect(options))


async def _collect(options: argparse.Namespace) -> None:
    settings = ServiceSettings(data_dir=options.data, mqtt_port=options.mqtt_port)
    directory = DataDirectory(settings.data_dir)
    stores = Stores(directory, settings, SystemClock())
    count = _Count(options.ages)
    stores.telemetry = _CountedStore(stores.telemetry, count)
    session = broker_session(settings, stores)
    city = city_of_load(options.devices)
    pipeline = Pipeline(
        settings=settings,
        stores=stores,
        clock=SystemClock(),
        city=city.city,
        registry=Registry(city.devices),
        programmes=city.programmes,
        source=session,
    )
    stop = asyncio.Event()
    parts = [
        asyncio.create_task(part)
        for part in (pipeline.writer.run(stop), pipeline.detection.run(stop), pipeline.purge(stop))
    ]
    await _introduce(pipeline, count, load_messages(options.devices))
    tune_collector()
    session.start()
    parts.append(asyncio.create_task(pipeline.intake.run(stop)))
    await session.wait_subscribed()
    _say({"ready": True})
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await _report(pipeline, count, options.expect, lambda: ended.done() or any(part.done() for part in parts))
    stop.set()
    await asyncio.gather(*parts)
    await session.stop()
    stores.close()
    directory.release()


async def _introduce(pipeline: Pipeline, count: _Count, devices: Sequence[DeviceMessages]) -> None:
    """Let every device have spoken twice before, as in a city that has been watched for a while.

    A device's very first reading waits for its place, and all that follow it: rules would have nothing to
    do in a measurement of seconds.
    """
    now_ms = pipeline.clock.now_ms()
    for number in range(INTRODUCTIONS):
        head = stamp(now_ms - (INTRODUCTIONS - number) * _APART_MS, FIRST_SEQ - INTRODUCTIONS + number)
        spoken = [RawMessage(device.topic, head + device.tails[0]) for device in devices]
        chunk = pipeline.decoding.decode(spoken, now_ms, caught_up=False)
        entries = pipeline.stores.journal.append(chunk.contents, chunk.tally, now_ms, len(spoken))
        pipeline.tail.publish(entries)
    while count.stored < INTRODUCTIONS * len(devices) or pipeline.detection.position < pipeline.tail.newest:
        await asyncio.sleep(_POLL_S)
    count.stored = 0
    count.ages_ms.clear()


async def _report(pipeline: Pipeline, count: _Count, expect: int, is_over: Callable[[], bool]) -> None:
    """Tell how far it is, at once when everything is there."""
    told_s, was_told = 0.0, False
    while not is_over():
        is_complete = count.stored >= expect and pipeline.detection.read_position >= pipeline.tail.newest
        if (is_complete and not was_told) or time.monotonic() - told_s > _TELL_S:
            cpu_s, told_s = time.process_time(), time.monotonic()
            ages = count.percentiles_ms() if is_complete else {}
            _say({"stored": count.stored, "complete": is_complete, "cpu_s": cpu_s, **ages})
            was_told = is_complete
        await asyncio.sleep(_POLL_S)


def _say(words: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
