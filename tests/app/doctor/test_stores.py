"""Stores and registry, each broken for real; and the command over all of it."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.data_directory import DataDirectory
from app.doctor.finding import Finding, Level
from app.doctor.stores import look_at_operations, look_at_telemetry
from app.settings import ServiceSettings
from devices.clock import SteppedClock, SystemClock
from devices.registry import Device, Registry, Supply
from store.duckdb_store import DuckdbTelemetryStore
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.devices import DeviceRepository
from tests.postgres_server import PostgresServer, temporary_database

CABINET = Device(id="TK-C-01", kind="lighting-cabinet", area="tam-ky")
LAMP = Device(
    id="TK-L-0001",
    kind="streetlight",
    area="tam-ky",
    powered_by=Supply(parent="TK-C-01", circuit="1", phase=None),
    attributes={"rated_w": 60.0},
)
LONE = Device(id="TK-L-0002", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})


def settings_of(tmp_path: Path, **given: Any) -> ServiceSettings:
    return ServiceSettings(data_dir=tmp_path, **given)


def stored(tmp_path: Path, *devices: Device) -> ServiceSettings:
    with closing(OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))) as database:
        DeviceRepository(database).replace(Registry(devices), who="test", at_ms=1)
    return settings_of(tmp_path)


def changed(tmp_path: Path, statement: str) -> None:
    with closing(sqlite3.connect(tmp_path / "operations.db")) as connection:
        connection.execute(statement)
        connection.commit()


def operations(settings: ServiceSettings) -> list[Finding]:
    return list(look_at_operations(settings, SystemClock()))


def test_store_that_is_well_has_nothing_bad(tmp_path: Path) -> None:
    found = operations(stored(tmp_path, CABINET, LAMP))
    assert {finding.level for finding in found} == {Level.GOOD}
    assert found[-1].seen == "2 devices"


def test_store_before_the_first_start_is_noted_and_not_made(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    found = [*operations(settings), *look_at_telemetry(settings)]
    assert [finding.level for finding in found] == [Level.NOTE] * 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("statement", "level", "seen"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", Level.BAD, "newer than this program's"),
        ("UPDATE alembic_version SET version_num = '0001'", Level.NOTE, "schema 0001"),
        ("DELETE FROM devices", Level.BAD, "it is empty"),
        ("DELETE FROM devices WHERE id = 'TK-C-01'", Level.BAD, "breaks a rule: .*TK-C-01"),
        ("UPDATE devices SET interval_s = 0 WHERE id = 'TK-L-0001'", Level.BAD, "breaks a rule: .*interval"),
    ],
)
def test_what_is_wrong_in_the_store_is_said(tmp_path: Path, statement: str, level: Level, seen: str) -> None:
    settings = stored(tmp_path, CABINET, LAMP)
    changed(tmp_path, statement)
    finding = operations(settings)[-1]
    assert finding.level is level
    assert re.search(seen, finding.seen), finding


def test_lamps_without_a_cabinet_are_noted(tmp_path: Path) -> None:
    finding = operations(stored(tmp_path, CABINET, LAMP, LONE))[-1]
    assert (finding.level, finding.seen[:38]) == (Level.NOTE, "1 lamps name no cabinet, such as 'TK-L")


def test_file_that_is_no_database_is_seen(tmp_path: Path) -> None:
    (tmp_path / "operations.db").write_text("a letter to the mayor, long enough to be no empty file " * 40)
    damaged = tmp_path / "telemetry" / "streetlight" / "raw-2026-11-24.0.duckdb"
    damaged.parent.mkdir(parents=True)
    (tmp_path / "telemetry" / "format").write_text("2")
    damaged.write_text("another letter " * 400)
    settings = settings_of(tmp_path)
    [first, second] = [*operations(settings), *look_at_telemetry(settings)]
    assert (first.level, second.level) == (Level.BAD, Level.BAD)
    assert "not a database" in first.seen


def test_telemetry_of_a_running_service_is_left_alone(tmp_path: Path) -> None:
    DuckdbTelemetryStore(tmp_path / "telemetry").close()
    assert [one.level for one in look_at_telemetry(settings_of(tmp_path))] == [Level.GOOD]
    held = DataDirectory(tmp_path)
    [finding] = look_at_telemetry(settings_of(tmp_path))
    held.release()
    assert (finding.level, "in use by process" in finding.seen) == (Level.NOTE, True)


def test_influxdb_that_is_away_is_seen(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, influx_url="http://127.0.0.1:1", influx_token="t")
    assert [one.level for one in look_at_telemetry(settings)] == [Level.BAD]


@pytest.mark.own_postgres
def test_postgresql_is_seen_as_it_is(postgres_server: PostgresServer, tmp_path: Path) -> None:
    with temporary_database(postgres_server.url) as url:
        settings = settings_of(tmp_path, operations_url=url)
        assert [one.level for one in operations(settings)] == [Level.NOTE]
        OperationsDatabase.open(url).close()
        found = operations(settings)
        assert [one.level for one in found] == [Level.GOOD, Level.GOOD, Level.BAD]
        assert "PostgreSQL" in found[0].seen
        slow = list(look_at_operations(settings, SteppedClock(SystemClock().now_ms() - 60_000)))
        assert "clock is +60." in slow[1].seen
        assert slow[1].level is Level.BAD
    [gone] = operations(settings)
    assert (gone.level, "does not exist" in gone.seen) == (Level.BAD, True)


def test_command_says_what_to_do_and_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("IOC_MQTT_PORT", "1")
    result = CliRunner().invoke(cli, ["doctor", "--json", f"{tmp_path}/out.json"])
    assert result.exit_code == 1
    assert "start it, or mend mqtt_host and mqtt_port" in result.output
    found = json.loads((tmp_path / "out.json").read_text())
    assert [one["place"] for one in found if one["level"] == "bad"] == ["broker"]
