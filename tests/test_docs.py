"""The documents say what is there, and name everything that they promise to name."""

import re
import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from api.application import create_app
from api.services import ApiServices, OperationsViews
from devices.catalogue_page import catalogue_page
from devices.clock import SteppedClock
from devices.device_table import device_columns
from devices.entity_catalogue import entity_kinds
from devices.registry import Registry
from reports.score.results_page import results_page
from rules.loading import load_rules
from rules.page import rules_page
from simulators.fault_page import fault_table
from store.duckdb_store import DuckdbTelemetryStore
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.registrar import Registrar

ROOT = Path(__file__).parent.parent
READMES = ("README.md", "README.vi.md")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def paths_of(app: FastAPI) -> list[re.Pattern[str]]:
    documented = [*app.openapi()["paths"], "/docs", "/healthz", "/readyz", "/metrics"]
    return [re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)) for path in documented]


@pytest.mark.parametrize("readme", READMES)
def test_readme_calls_only_what_the_api_has(readme: str, tmp_path: Path) -> None:
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    telemetry = DuckdbTelemetryStore(tmp_path / "telemetry")
    services = ApiServices(
        operations=OperationsViews.of(database),
        telemetry=telemetry,
        registry=lambda: Registry([]),
        registrar=Registrar(database),
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
        health=dict,
        metrics=CollectorRegistry(),
        clock=SteppedClock(0),
        version="0",
    )
    known = paths_of(create_app(services))
    telemetry.close()
    database.close()
    called = {path.rstrip("\\") for path in re.findall(r"127\.0\.0\.1:8080(/[^\s\"`?]*)", text(readme))}
    assert len(called) >= 5
    assert {path for path in called if not any(pattern.fullmatch(path) for pattern in known)} == set()


@pytest.mark.parametrize("readme", READMES)
def test_readme_names_only_targets_that_make_has(readme: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", text(readme))) <= targets
    assert {"run", "test", "check", "bench-ingest", "prove", "servers"} <= targets


def test_every_link_leads_to_a_file() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert dead == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = [re.split(r"[<>=!~\[; ]", requirement)[0] for requirement in wanted]
    reasons = text("docs/decisions/0001-dependencies.md").lower()
    assert [name for name in names if name.lower() not in reasons] == []


def test_page_of_kinds_is_what_the_descriptions_say() -> None:
    assert text("docs/kinds.md") == catalogue_page(), "run: ioc kinds > docs/kinds.md"


def test_page_of_rules_is_what_the_catalogue_says() -> None:
    assert text("docs/rules.md") == rules_page(load_rules()), "run: ioc rules page > docs/rules.md"


def test_page_of_scores_is_what_the_runs_gave() -> None:
    runs = [
        msgspec.json.decode(file.read_bytes()) for file in sorted((ROOT / "docs" / "score").glob("*.json"))
    ]
    page = results_page(runs)
    assert text("docs/score-results.md") == f"{page}\n", (
        "run: ioc score page docs/score/*.json > docs/score-results.md"
    )


def test_table_of_faults_is_what_the_types_say() -> None:
    table = text("docs/simulator.md").partition("edit the types, not this table.\n\n")[2]
    assert table == fault_table(), "put the output of `ioc faults` at the end of docs/simulator.md"


def test_every_scenario_is_in_the_table() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \| [a-z]", text("docs/simulator.md"), re.MULTILINE)
    there = {path.stem for path in (ROOT / "simulators/scenarios").glob("*.yaml")}
    assert there <= set(listed)


def test_page_of_the_registry_describes_every_column() -> None:
    page = text("docs/registry.md")
    columns = [*device_columns(), *(c for kind in entity_kinds().values() for c in kind.columns)]
    rows = [f"| `{c.name}` | {c.about}{' (required)' if c.required else ''} |" for c in columns]
    assert [row for row in rows if row not in page] == []
    assert [kind for kind in entity_kinds() if f"### {kind}\n" not in page] == []


def test_every_decision_is_listed() -> None:
    listed = set(re.findall(r"\((\d{4}-[a-z-]+\.md)\)", text("docs/decisions/README.md")))
    assert listed == {path.name for path in (ROOT / "docs/decisions").glob("[0-9]*.md")}


def test_every_folder_is_on_the_map() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages <= set(re.findall(r"`([a-z]+)/`", text("CONTRIBUTING.md")))
