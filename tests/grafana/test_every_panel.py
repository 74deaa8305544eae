"""Every question of every panel, asked of a real InfluxDB and PostgreSQL that the simulator has filled."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.commands.grafana import COMMAND
from store.influx_client import InfluxAddress
from store.operations.report_role import make_report_role
from tests.grafana.filled import fill
from tests.influx_server import temporary_bucket
from tests.postgres_server import PostgresServer, temporary_database

pytestmark = [pytest.mark.influx, pytest.mark.postgres, pytest.mark.mosquitto]

PASSWORD = "words"
NEVER_SENT = {("ioc-en-kind-loudspeaker", "Times"), ("ioc-en-kind-loudspeaker", "Thời gian")}
"""Fields of these panels are sent by vendors' devices, and by none that is simulated."""


@pytest.fixture(scope="module")
def city(
    influx_server: InfluxAddress, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """The settings under which the filled stores are found, as the role of dashboards."""
    with temporary_bucket(influx_server) as bucket, temporary_database(postgres_server.url) as url:
        environment = {
            "IOC_OPERATIONS_URL": url,
            "IOC_INFLUX_URL": bucket.url,
            "IOC_INFLUX_ORG": bucket.org,
            "IOC_INFLUX_BUCKET": bucket.bucket,
            "IOC_INFLUX_TOKEN": bucket.token,
        }
        fill(environment, tmp_path_factory.mktemp("city") / "data")
        yield environment


def _checked(environment: Mapping[str, str], file: Path, language: str = "en") -> dict[str, Any]:
    done = CliRunner().invoke(
        COMMAND,
        ["check", "--since", "14h", "--language", language, "--json", str(file)],
        env=dict(environment),
    )
    assert file.exists(), done.output
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_question_has_rows(city: Mapping[str, str], tmp_path: Path, language: str) -> None:
    found = _checked(city, tmp_path / "check.json", language)
    assert found["failed"] == []
    empty = {(one["board"].replace("-vi-", "-en-"), one["panel"]) for one in found["without_data"]}
    assert empty <= NEVER_SENT
    assert found["panels"] > 150
    assert found["with_data"] == found["panels"] - len(empty)


def test_role_of_dashboards_may_ask_every_question(city: Mapping[str, str], tmp_path: Path) -> None:
    make_report_role(city["IOC_OPERATIONS_URL"], PASSWORD, "ioc_report_of_test")
    before, _, after = city["IOC_OPERATIONS_URL"].rpartition("@")
    assert before
    url = f"postgresql+psycopg://ioc_report_of_test:{PASSWORD}@{after}"
    found = _checked({**city, "IOC_OPERATIONS_URL": url}, tmp_path / "check.json")
    assert found["failed"] == []
    assert found["with_data"] >= found["panels"] - 1
