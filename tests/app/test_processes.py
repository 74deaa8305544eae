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


def test_config_check_refuses_areas_that_cut_a_section_of_road(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IOC_AREAS", '["tam-ky"]')
    registry, sections = tmp_path / "devices.csv", tmp_path / "sections.csv"
    cameras = [
        Device(id="T1", kind="traffic-camera", area="tam-ky"),
        Device(id="T2", kind="traffic-camera", area="an-phu"),
    ]
    write_csv(cameras, registry)
    sections.write_text(
        "id,from_device,to_device,length_m,limit_kmh,mpe_kmh,document,valid_from\n"
        "hung-vuong,T1,T2,1200,50,2,12/QD-UBND,2026-01-01\n",
        encoding="utf-8",
    )
    asked = ["config", "check", "--registry", str(registry), "--sections", str(sections)]
    ended = CliRunner().invoke(cli, asked)
    assert ended.exit_code == 1
    assert "the section hung-vuong begins at T1 (area tam-ky) and ends at T2 (area an-phu)" in ended.output
    monkeypatch.setenv("IOC_AREAS", '["tam-ky", "an-phu"]')
    assert CliRunner().invoke(cli, asked).exit_code == 0
    sections.write_text("id,from_device\nhung-vuong,T1\n", encoding="utf-8")
    ended = CliRunner().invoke(cli, asked)
    assert ended.exit_code == 1
    assert "--sections: line 2: to_device:" in ended.output
