import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.data_directory import DataDirectory
from app.errors import StartError
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores
from collector.fates import Tally
from collector.journal import Consumer
from devices.cities import load_city
from devices.clock import SteppedClock
from devices.registry import Registry
from devices.stream import Mark
from rules.detection.outcome import DetectionStoreRefusedError
from tests.collector.support import LAMPS, ScriptedSource, lamp_batch

SETTINGS = ServiceSettings()


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[DataDirectory]:
    held = DataDirectory(tmp_path / "data")
    yield held
    held.release()


def pipeline(stores: Stores) -> Pipeline:
    return Pipeline(
        settings=SETTINGS,
        stores=stores,
        clock=SteppedClock(10_000),
        city=load_city("tam-ky"),
        registry=Registry(LAMPS.values()),
        programmes=(),
        source=ScriptedSource(),
    )


async def detected(stores: Stores) -> Pipeline:
    """A pipeline whose detection has read all that is journaled."""
    running = pipeline(stores)
    stop = asyncio.Event()
    task = asyncio.create_task(running.detection.run(stop))
    while running.detection.read_position < running.tail.newest and not task.done():
        await asyncio.sleep(0)
    stop.set()
    await task
    return running


async def test_detection_of_a_restored_journal_refuses_instead_of_skipping(directory: DataDirectory) -> None:
    stores = Stores(directory, SETTINGS)
    stores.journal.append([Mark(number, caught_up=True) for number in range(2)], Tally(), 2, 0)
    stores.close()
    older = directory.journal.with_name("older.db")
    shutil.copy(directory.journal, older)
    stores = Stores(directory, SETTINGS)
    stores.journal.append([Mark(number, caught_up=True) for number in range(2, 5)], Tally(), 5, 0)
    await detected(stores)
    stores.close()
    shutil.copy(older, directory.journal)
    stores = Stores(directory, SETTINGS)
    with pytest.raises(DetectionStoreRefusedError, match="has seen entry 5, but the journal ends at 2"):
        await pipeline(stores).detection.run(asyncio.Event())
    stores.close()


async def test_journal_keeps_what_an_operations_store_of_yesterday_has_not_seen(
    directory: DataDirectory,
) -> None:
    stores = Stores(directory, SETTINGS)
    stores.journal.append([Mark(number, caught_up=True) for number in range(5)], Tally(), 5, 0)
    for consumer in Consumer:
        stores.journal.advance(consumer, 5)
    running = pipeline(stores)
    stop = asyncio.Event()
    stop.set()
    await running.detection.run(stop)
    assert stores.journal.position(Consumer.DETECTION) == 0
    assert stores.journal.purge(keep_messages=0) == 0
    stores.close()


def test_stores_that_cannot_be_opened_are_named_in_one_sentence(directory: DataDirectory) -> None:
    damaged = directory.telemetry / "streetlight" / "raw-2026-11-24.0.duckdb"
    damaged.parent.mkdir(parents=True)
    (directory.telemetry / "format").write_text("2")
    damaged.write_bytes(b"no database at all " * 1000)
    with pytest.raises(StartError, match=r"DuckDB cannot open .*telemetry"):
        Stores(directory, SETTINGS)


def test_damaged_journal_entry_does_not_stop_the_intake_from_starting(directory: DataDirectory) -> None:
    stores = Stores(directory, SETTINGS)
    stores.journal.append([lamp_batch({"ts": 1_795_348_800_000, "seq": 1})], Tally(), 1, 1)
    stores.close()
    with sqlite3.connect(directory.journal) as journal:
        journal.execute("UPDATE entries SET checksum = 1")
    journal.close()
    stores = Stores(directory, SETTINGS)
    with capture_logs() as logged:
        assert pipeline(stores).decoding.unknown_fields() == {}
    assert [line["event"] for line in logged] == ["duplicates_forgotten"]
    stores.close()
