"""`ioc rules explain` and `why-not`: what the service says, as lines, in both languages."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from api.application import create_app
from api.auth import Role
from app.commands.rules import COMMAND
from devices.registry import Registry
from rules.detection.engine import Engine
from rules.expressions.expression import condition
from rules.rule import Lasting
from rules.ruleset import LiveRules
from store.operations.database import OperationsDatabase, sqlite_url
from tests.api.support import City, Client, client_of
from tests.rules.detection.support import CITY, DARK, JOURNAL, Bench, batch, lamp, rule, told

READINGS = [told(0, 0, power=0.0), told(1, 1, power=3.0), told(2, 2), told(3, 3)]


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """A city with a lamp that was dark for two minutes."""
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    city = City(database, Registry([lamp()]))
    bench = Bench([DARK])
    for reading in READINGS:
        bench.feed(batch([reading]))
        city.telemetry.write(batch([reading]))
    outcome = replace(bench.engine.take_outcome(JOURNAL), changes=tuple(bench.changes))
    city.detection.commit(outcome)
    yield city
    database.close()


@pytest.fixture
def client(city: City, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    services = replace(
        city.services(),
        rules=LiveRules(lambda: [DARK]),
        new_engine=lambda rules: Engine(rules, city.registry, (), CITY),
    )
    with client_of(create_app(services)) as client:

        def request(method: str, url: str, **options: Any) -> httpx.Response:
            options.pop("timeout")
            return client.request(method, url.removeprefix("http://127.0.0.1:8080"), **options)

        monkeypatch.setattr(httpx, "request", request)
        monkeypatch.setenv("IOC_API_KEY", city.tokens[Role.VIEWER])
        yield client


def said(*arguments: str) -> list[str]:
    result = CliRunner().invoke(COMMAND, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


@pytest.mark.usefixtures("client")
def test_explain_shows_rule_values_readings_and_history() -> None:
    lines = said("explain", "1")
    assert lines[0] == "#1 lamp.dark"
    assert lines[1] == "device: lamp-1"
    assert lines[2] == "rule: lamp.dark, version 1"
    assert "condition: m.cmd_on && m.power_w < 0.10 * d.rated_w" in lines
    assert "values: true && 0 < 0.1 * 60 (= 6)" in lines
    assert any("m.power_w = 0.0" in line for line in lines)
    assert [line.split()[1] for line in lines[-2:]] == ["raised", "cleared"]
    assert said("explain", "1", "--language", "vi")[1] == "thiết bị: lamp-1"


@pytest.mark.usefixtures("client")
def test_why_not_names_the_term_that_failed() -> None:
    lines = said("why-not", "lamp.dark", "lamp-1", "2026-11-18T11:12:30Z")
    assert lines[0].startswith("The condition does not hold: m.power_w < 0.10 * d.rated_w: 60 < 0.1 * 60")
    assert lines[-2].split() == ["yes", "m.cmd_on", "true"]
    assert lines[-1].split()[:2] == ["no", "m.power_w"]
    assert said("why-not", "lamp.dark", "lamp-1", "2026-11-18T11:12:30Z", "--language", "vi")[0].startswith(
        "Điều kiện không đúng"
    )


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "7"], "there is no fault number 7"),
        (["explain", "1", "--language", "fr"], "--language must be one of en, vi"),
        (["why-not", "lamp.dim", "lamp-1", "2026-11-18T11:12:30Z"], "there is no rule 'lamp.dim'"),
        (["why-not", "lamp.dark", "lamp-9", "2026-11-18T11:12:30Z"], "there is no device 'lamp-9'"),
        (["why-not", "lamp.dark", "lamp-1", "yesterday"], "at"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(COMMAND, arguments)
    assert result.exit_code == 1
    assert words in result.output


def test_why_not_reads_the_days_that_make_what_is_usual(city: City) -> None:
    dim = rule("lamp.dim", Lasting(when=condition("m.power_w < 0.5 * usual(m.power_w)", "streetlight")))
    for day in range(1, 5):
        city.telemetry.write(batch([told(day * 1440, 3 + day, power=0.0 if day == 4 else 60.0)]))
    services = replace(
        city.services(),
        rules=LiveRules(lambda: [dim]),
        new_engine=lambda rules: Engine(rules, city.registry, (), CITY),
    )
    with client_of(create_app(services)) as client:
        path = "/v1/rules/lamp.dim/why-not?device=lamp-1&at=2026-11-22T11:12:30Z"
        answer = client.get(path, city.tokens[Role.VIEWER]).json()
    assert (answer["holds"], answer["is_fault"]) == (True, True)


def test_process_without_an_engine_says_so(city: City) -> None:
    with client_of(create_app(replace(city.services(), rules=LiveRules(lambda: [DARK])))) as client:
        path = "/v1/rules/lamp.dark/why-not?device=lamp-1&at=2026-11-18T11:12:30Z"
        assert client.get(path, city.tokens[Role.VIEWER]).status_code == 503
