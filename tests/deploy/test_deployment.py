"""What `deploy/` starts exists: commands, settings, secrets. Whether a daemon takes it is not tested here."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from app.cli import cli
from app.settings import ServiceSettings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE: Mapping[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: it for name, it in COMPOSE["services"].items() if it.get("image") == "ioc-telemetry"}
SETTINGS = {f"IOC_{name.upper()}" for name in ServiceSettings.model_fields}


def lines(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_starts_a_command_under_an_account_that_may_nothing_else(unit: Path) -> None:
    program, command, *options = shlex.split(lines(unit, "ExecStart")[0])
    assert program.endswith("/ioc")
    assert unit.name.startswith(f"ioc-{command}")
    assert options == ["--config", "/etc/ioc/ioc.toml"]
    assert CliRunner().invoke(cli, [command, "--help"]).exit_code == 0
    assert lines(unit, "DynamicUser") == ["yes"]
    assert lines(unit, "ProtectSystem") == ["strict"]
    assert lines(unit, "CapabilityBoundingSet") == [""]
    assert lines(unit, "Type") == ["notify"]
    assert {line.partition("=")[0] for line in lines(unit, "Environment")} <= SETTINGS


def test_units_are_there_for_every_process() -> None:
    assert {unit.name for unit in UNITS} == {
        "ioc-run.service", "ioc-collect@.service", "ioc-serve@.service", "ioc-work@.service",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(OURS))
def test_container_has_a_command_known_settings_and_its_secrets(name: str) -> None:
    service = OURS[name]
    assert CliRunner().invoke(cli, [service["command"][0], "--help"]).exit_code == 0
    assert set(service["environment"]) <= SETTINGS
    files = {Path(v).name for k, v in service["environment"].items() if k.endswith("_FILE")}
    files |= {Path(word).name for word in service["command"] if word.startswith("/run/secrets/")}
    assert files == set(service["secrets"]) <= set(COMPOSE["secrets"])
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True


def test_containers_collect_each_area_once_and_mount_what_exists() -> None:
    collectors = [it["command"][-1].split(",") for it in OURS.values() if it["command"][0] == "collect"]
    areas = [area for some in collectors for area in some]
    assert len(collectors) == 2
    assert len(areas) == len(set(areas))
    named = {
        volume.partition(":")[0] for it in COMPOSE["services"].values() for volume in it.get("volumes", [])
    }
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_grafana_finds_what_is_built_and_gets_every_variable_that_it_names() -> None:
    grafana = COMPOSE["services"]["grafana"]
    mounted = [volume.split(":")[0] for volume in grafana["volumes"] if volume.startswith(".")]
    assert all((DEPLOY / folder).is_dir() for folder in mounted)
    sources = (DEPLOY / mounted[0] / "datasources/ioc.yaml").read_text(encoding="utf-8")
    given = set(grafana["environment"]) | set(re.findall(r"(IOC_\w+)=", grafana["command"][0]))
    assert set(re.findall(r"\$(IOC_\w+)", sources)) <= given
    assert set(grafana["secrets"]) <= set(COMPOSE["secrets"])


def test_image_is_made_from_the_lock_file_and_runs_as_nobody_special() -> None:
    words = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes -r requirements.lock" in words
    assert re.search(r"^USER 10001", words, re.MULTILINE)
