"""Which telemetry store the settings open, and the commands over it."""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import polars as pl
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from typer.testing import CliRunner

from app.cli import cli
from app.data_directory import DataDirectory
from app.errors import StartError
from app.settings import ServiceSettings
from app.telemetry import influx_address, open_telemetry
from app.wiring import Stores
from collector.fates import Fate, Tally
from collector.tail import JournalTail
from collector.writer import Writer
from devices.batch import ReadingBatch
from devices.stream import DeadLetterBatch
from store.duckdb_store import DuckdbTelemetryStore
from store.influx_client import InfluxAddress, InfluxConnection
from store.influx_store import InfluxTelemetryStore
from store.telemetry import TelemetryUnavailableError
from tests.store.readings import many_lamps

NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[DataDirectory]:
    held = DataDirectory(tmp_path / "data")
    yield held
    held.release()


def test_no_url_opens_the_embedded_store(directory: DataDirectory) -> None:
    store = open_telemetry(directory, ServiceSettings())
    assert isinstance(store, DuckdbTelemetryStore)
    store.close()


def test_server_that_is_away_is_no_reason_not_to_start(directory: DataDirectory) -> None:
    settings = ServiceSettings(influx_url=NOBODY, influx_token="t")
    with capture_logs() as logs:
        store = open_telemetry(directory, settings)
    assert isinstance(store, InfluxTelemetryStore)
    store.close()
    assert [entry["event"] for entry in logs] == ["telemetry_unavailable"]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({}, "IOC_INFLUX_TOKEN_FILE"),
        ({"influx_token_file": "/nowhere/token"}, "nowhere"),
        ({"influx_token_file": "/dev/null"}, "is empty"),
    ],
)
def test_url_without_a_token_is_refused_at_the_start(settings: dict[str, str], why: str) -> None:
    with pytest.raises(StartError, match=why):
        influx_address(ServiceSettings(influx_url=NOBODY, **settings))  # type: ignore[arg-type]


def test_token_comes_from_its_file_and_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("secret-token\n", encoding="utf-8")
    settings = ServiceSettings(influx_url="https://influx.example:8086", influx_token_file=file)
    address = influx_address(settings)
    assert address is not None
    assert (address.token, address.is_remote) == ("secret-token", True)
    given = ServiceSettings(influx_url=NOBODY, influx_token="secret-token")
    assert "secret-token" not in f"{address!r} {settings!r} {given!r}"
    assert not influx_address(given).is_remote  # type: ignore[union-attr]


def test_status_of_the_embedded_store_counts_rows(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    run = CliRunner().invoke(cli, ["store", "migrate", "--data", str(folder)])
    assert run.exit_code == 0, run.output
    store = DuckdbTelemetryStore(folder / "telemetry")
    store.write(ReadingBatch("streetlight", many_lamps(7)))
    store.close()
    run = CliRunner().invoke(
        cli, ["store", "status", "--data", str(folder), "--json", str(tmp_path / "s.json")]
    )
    assert run.exit_code == 0, run.output
    found = msgspec.json.decode((tmp_path / "s.json").read_bytes())
    assert found["backend"] == "DuckDB"
    assert found["rows"]["streetlight"] == 7


def test_status_of_a_server_that_is_away_says_so(tmp_path: Path) -> None:
    environment = {"IOC_INFLUX_URL": NOBODY, "IOC_INFLUX_TOKEN": "t", "IOC_DATA_DIR": str(tmp_path / "data")}
    run = CliRunner().invoke(cli, ["store", "status"], env=environment)
    assert run.exit_code == 1
    assert f"ioc store status: InfluxDB at '{NOBODY}'" in str(run.exception)


@pytest.mark.influx
async def test_pipeline_writes_the_journal_to_influxdb(
    directory: DataDirectory, influx_bucket: InfluxAddress
) -> None:
    settings = ServiceSettings(
        influx_url=influx_bucket.url,
        influx_org=influx_bucket.org,
        influx_bucket=influx_bucket.bucket,
        influx_token=SecretStr(influx_bucket.token),
    )
    stores = Stores(directory, settings)
    good = many_lamps(500)
    tally = Tally()
    tally.add(Fate.RECEIVED, 1_000)
    bad = good.with_columns(power_w=pl.lit(math.inf), seq=pl.col("seq") + 500)
    batches = [ReadingBatch("streetlight", frame) for frame in (good, bad)]
    stores.journal.append(batches, tally, 10_000, 1_000)
    stop = asyncio.Event()
    stop.set()
    tail = JournalTail(stores.journal)
    await Writer(stores.journal, tail, stores.telemetry, TelemetryUnavailableError).run(stop)
    balance = stores.journal.balance()
    assert stores.telemetry.counts()["streetlight"] == 500
    assert balance.adds_up
    assert balance.tally.reasons(Fate.DEAD_LETTERED) == {"store_refused": 500}
    letters = stores.journal.read(2, 10)[-1].content
    assert isinstance(letters, DeadLetterBatch)
    assert letters.frame.height == 500
    stores.close()


@pytest.mark.influx
def test_bucket_is_made_by_migrate_and_shown_by_status(tmp_path: Path, influx_bucket: InfluxAddress) -> None:
    connection = InfluxConnection(influx_bucket)
    connection.remove_bucket()
    environment = {
        "IOC_INFLUX_URL": influx_bucket.url,
        "IOC_INFLUX_TOKEN": influx_bucket.token,
        "IOC_INFLUX_ORG": influx_bucket.org,
        "IOC_INFLUX_BUCKET": influx_bucket.bucket,
        "IOC_RAW_DAYS": "0",
        "IOC_DATA_DIR": str(tmp_path / "data"),
    }
    run = CliRunner().invoke(cli, ["store", "status"], env=environment)
    assert run.exit_code == 1
    assert "ioc store migrate" in str(run.exception)
    run = CliRunner().invoke(cli, ["store", "migrate"], env=environment)
    assert run.exit_code == 0, run.output
    assert "kept for good" in run.output
    store = InfluxTelemetryStore(influx_bucket)
    store.write(ReadingBatch("streetlight", many_lamps(7)))
    store.close()
    run = CliRunner().invoke(cli, ["store", "status"], env=environment)
    assert run.exit_code == 0, run.output
    assert "2025-11-24 23:59:59" in run.output
    connection.close()
