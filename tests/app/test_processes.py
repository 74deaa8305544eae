"""Processes that share an installation want stores that have more than one writer."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.settings import ServiceSettings
from app.shared import refuse_embedded
from devices.device import Supply
from devices.registry import Device
from devices.registry_files import write_csv

SERVERS = {"operations_url": "postgresql+psycopg://ioc@db.test/ioc", "influx_url": "http://influx.test:8086"}


@pytest.mark.parametrize("command", ["collect", "serve", "work"])
def test_process_refuses_stores_with_one_writer(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path / "data"))
    ended = CliRunner().invoke(cli, [command])
    assert ended.exit_code == 1
    words = str(ended.output)
    assert re.search(
        rf"ioc {command}.*SQLite and DuckDB have one writer.*PostgreSQL.*InfluxDB.*ioc run", words
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (SERVERS | {"operations_url": None}, "operations are in SQLite"),
        (SERVERS | {"operations_url": "sqlite:////shared/operations.db"}, "names an SQLite file"),
        (SERVERS | {"influx_url": None}, "telemetry is in DuckDB"),
    ],
)
def test_refusal_says_which_store_is_the_reason(settings: dict[str, str | None], words: str) -> None:
    with pytest.raises(Exception, match=words):
        refuse_embedded(ServiceSettings.model_validate(settings), "ioc serve")
    refuse_embedded(ServiceSettings.model_validate(SERVERS), "ioc serve")


def test_config_check_refuses_areas_that_cut_a_relation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOC_AREAS", '["tam-ky"]')
    registry = tmp_path / "devices.csv"
    cabinet = Device(id="C1", kind="lighting-cabinet", area="an-phu")
    lamp = Device(
        id="L1",
        kind="streetlight",
        area="tam-ky",
        powered_by=Supply(parent="C1"),
        attributes={"rated_w": 60.0},
    )
    write_csv([cabinet, lamp], registry)
    ended = CliRunner().invoke(cli, ["config", "check", "--registry", str(registry)])
    assert ended.exit_code == 1
    assert "L1 (area tam-ky) is powered by C1 (area an-phu)" in ended.output
    monkeypatch.setenv("IOC_AREAS", '["tam-ky", "an-phu"]')
    assert CliRunner().invoke(cli, ["config", "check", "--registry", str(registry)]).exit_code == 0
