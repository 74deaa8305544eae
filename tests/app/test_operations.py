"""Which operations store the settings name, and a service over a server that goes away and comes back."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.data_directory import DataDirectory
from app.errors import StartError
from app.operations import open_operations, operations_at_rest, operations_url
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores
from collector.fates import Tally
from devices.batch import ReadingBatch
from devices.cities import load_city
from devices.clock import SteppedClock
from devices.registry import Registry
from store.operations.database import sqlite_url
from store.operations.faults import FaultFilter, FaultRepository
from store.operations.keys import KeyRepository
from store.operations.latest import LatestRepository
from tests.collector.support import LAMPS, ScriptedSource, lamp_batch
from tests.postgres_server import PostgresServer, temporary_database

DAY_MS = 1_795_348_800_000


def settings_of(**given: Any) -> ServiceSettings:
    return ServiceSettings(**given)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[DataDirectory]:
    held = DataDirectory(tmp_path / "data")
    yield held
    held.release()


def test_store_is_a_file_of_the_data_directory_unless_a_url_is_set(tmp_path: Path) -> None:
    file = tmp_path / "operations.db"
    assert operations_url(file, settings_of()) == sqlite_url(file)


def test_password_comes_from_its_file_and_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("p@ss:word/\n")
    settings = settings_of(
        operations_url="postgresql+psycopg://ioc@db.example/ioc", operations_password_file=secret
    )
    url = operations_url(tmp_path / "operations.db", settings)
    assert url == "postgresql+psycopg://ioc:p%40ss%3Aword%2F@db.example/ioc"
    assert "db.example" not in repr(settings_of(operations_url=url))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"operations_url": "somewhere"}, "IOC_OPERATIONS_URL is no URL"),
        ({"operations_url": "mysql://x/y"}, "SQLite or PostgreSQL, got 'mysql'"),
        ({"operations_url": "postgresql://127.0.0.1:1/x"}, "cannot be opened .* the server must run"),
        (
            {"operations_url": "postgresql://h/x", "operations_password_file": "nowhere"},
            "IOC_OPERATIONS_PASSWORD_FILE='nowhere' cannot be read",
        ),
    ],
)
def test_store_that_cannot_be_opened_is_named_in_one_sentence(
    directory: DataDirectory, given: dict[str, str], sentence: str
) -> None:
    with pytest.raises(StartError, match=sentence) as refused:
        open_operations(directory, settings_of(**given))
    assert "\n" not in str(refused.value)


@pytest.mark.own_postgres
def test_keys_made_at_rest_are_kept_by_the_server(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(postgres_server.password)
    with temporary_database(postgres_server.url) as url:
        monkeypatch.setenv("IOC_OPERATIONS_URL", url.replace(f":{postgres_server.url.password}", ""))
        monkeypatch.setenv("IOC_OPERATIONS_PASSWORD_FILE", str(tmp_path / "secret"))
        with operations_at_rest(tmp_path / "data") as database:
            made = KeyRepository(database).create("anna", "admin", who="test", at_ms=1)
        with operations_at_rest(tmp_path / "other") as database:
            assert KeyRepository(database).authenticate(made.token, 2) == made.key
    assert not (tmp_path / "data" / "operations.db").exists()


def dark_night(minute: int) -> ReadingBatch:
    """A minute of a lamp that stays dark although it is switched on."""
    at_ms = DAY_MS + minute * 60_000
    return lamp_batch({"ts": at_ms, "seq": minute, "cmd_on": True, "power_w": 0.0}, received_at_ms=at_ms + 1)


def pipeline(stores: Stores, settings: ServiceSettings) -> Pipeline:
    return Pipeline(
        settings=settings,
        stores=stores,
        clock=SteppedClock(DAY_MS),
        city=load_city("tam-ky"),
        registry=Registry(LAMPS.values()),
        programmes=(),
        source=ScriptedSource(),
    )


@pytest.mark.own_postgres
async def test_detection_waits_for_a_server_that_crashed_and_loses_nothing(
    postgres_server: PostgresServer, directory: DataDirectory
) -> None:
    with temporary_database(postgres_server.url) as url, capture_logs() as logged:
        settings = settings_of(operations_url=url)
        stores = Stores(directory, settings)
        running = pipeline(stores, settings)
        stop = asyncio.Event()
        task = asyncio.create_task(running.detection.run(stop))

        def journal(minutes: range) -> None:
            for minute in minutes:
                running.tail.publish(stores.journal.append([dark_night(minute)], Tally(), 1, 1))

        async def shown(event: str) -> None:
            while not any(line["event"] == event for line in logged):
                assert not task.done()
                await asyncio.sleep(0.02)

        journal(range(5))
        while running.detection.position < running.tail.newest:
            await asyncio.sleep(0.02)
        before = running.detection.position
        await asyncio.to_thread(postgres_server.stop, "immediate")
        try:
            journal(range(5, 40))
            await shown("detection store fails, waiting")
            assert running.detection.position == before
        finally:
            await asyncio.to_thread(postgres_server.start)
        await shown("detection store works again")
        while running.detection.position < running.tail.newest:
            await asyncio.sleep(0.02)
        stop.set()
        await task
        [latest] = LatestRepository(stores.operations).list().items
        [fault] = FaultRepository(stores.operations).list(FaultFilter(rule="lamp.out")).items
        assert (latest.seq, latest.measured_at_ms) == (39, DAY_MS + 39 * 60_000)
        assert fault.since_ms == DAY_MS
        stores.close()
