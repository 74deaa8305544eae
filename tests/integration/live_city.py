"""A simulated city received, stored and judged as a service does it, with a clock that tests move."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl

from app.data_directory import DataDirectory
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores, with_collector
from devices.batch import ReadingBatch
from devices.cities import load_city
from devices.clock import SteppedClock
from devices.entities.broadcast_programmes import ENTITY as BROADCAST_PROGRAMMES
from devices.entities.lighting_programmes import ENTITY as LIGHTING_PROGRAMMES
from devices.messages import RawMessage
from devices.plans import Programme
from devices.registry import Registry
from devices.stream import Content, Entry, Mark
from rules.detection.engine import Engine
from rules.rule import Rule
from simulators.city import SimulatedCity
from simulators.messages import OutgoingMessage
from simulators.scenario import Scenario
from simulators.simulation import Simulation
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.entities import EntityRepository
from tests.collector.support import ScriptedSource

__all__ = ["START_MS", "received_and_judged"]

START_MS = 1_795_000_200_000  # 2026-11-18 14:30 in Tam Kỳ
_GATHERED_MS = 50
_MARK_MS = 1_000
_COMMIT_ENTRIES = 200


def received_and_judged(
    data: Path,
    city: SimulatedCity,
    scenario: Scenario,
    rules: Sequence[Rule],
    *,
    to_ms: int,
    store: Any = None,
) -> None:
    """Let a city speak until `to_ms`; its readings and faults are then in the stores of a data directory.

    `store`: where readings go, if not to the embedded one.
    """
    directory, settings = DataDirectory(data), ServiceSettings(data_dir=data)
    stores = Stores(directory, settings)
    registry = Registry(city.devices)
    DeviceRepository(stores.operations).replace(registry, who="test", at_ms=START_MS)
    entities = EntityRepository(stores.operations)
    entities.replace(BROADCAST_PROGRAMMES, city.programmes, who="test", at_ms=START_MS)
    entities.replace(LIGHTING_PROGRAMMES, city.lighting, who="test", at_ms=START_MS)
    programmes: list[Programme] = [*city.programmes, *city.lighting]
    pipeline = Pipeline(
        settings=settings,
        stores=stores,
        clock=SteppedClock(START_MS),
        city=load_city("tam-ky"),
        registry=registry,
        programmes=programmes,
        source=ScriptedSource(),
    )
    engine = Engine(rules, with_collector(registry, settings), programmes, load_city("tam-ky"))
    simulation = Simulation(city, scenario, seed=1, start_ms=START_MS)
    tables, journal = DetectionTables(stores.operations), stores.journal.id
    readings: dict[str, list[pl.DataFrame]] = {}
    entries: list[Entry] = []
    for number, content in enumerate(_contents(pipeline, simulation.advance(to_ms), to_ms), 1):
        entries.append(Entry(number, content))
        if isinstance(content, ReadingBatch):
            readings.setdefault(content.kind, []).append(content.frame)
        if len(entries) == _COMMIT_ENTRIES:
            engine.process(entries)
            tables.commit(engine.take_outcome(journal))
            entries = []
    engine.process(entries)
    tables.commit(engine.take_outcome(journal))
    for kind, frames in readings.items():
        (store or stores.telemetry).write(ReadingBatch(kind, pl.concat(frames)))
    stores.close()
    directory.release()


def _contents(pipeline: Pipeline, messages: Sequence[OutgoingMessage], to_ms: int) -> Iterator[Content]:
    """What the intake journals: what came in each moment, with a mark behind it when one is due."""
    marked_ms = START_MS
    yield Mark(marked_ms, caught_up=True)
    coming = sorted(messages, key=lambda message: message.at_ms)
    for moment, together in groupby(coming, key=lambda message: message.at_ms // _GATHERED_MS):
        received_ms = (moment + 1) * _GATHERED_MS
        while received_ms - marked_ms > _MARK_MS:
            marked_ms += _MARK_MS
            yield Mark(marked_ms, caught_up=True)
        raw = [RawMessage(message.topic, message.payload) for message in together]
        yield from pipeline.decoding.decode(raw, received_ms, caught_up=True).contents
        if received_ms - marked_ms >= _MARK_MS:
            marked_ms = received_ms
            yield Mark(marked_ms, caught_up=True)
    yield Mark(to_ms, caught_up=True)
