"""Rules over the API: what holds, and loading them anew."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from api.application import create_app
from api.auth import Role
from rules.errors import RuleError
from rules.rule import Rule
from rules.ruleset import LiveRules
from tests.api.support import City, Client, client_of
from tests.rules.detection.support import DARK, SILENT, dark, rule


class Catalogue:
    """Rules that the next load finds, or what is wrong with them."""

    def __init__(self) -> None:
        self.rules: Sequence[Rule] = [DARK, SILENT]
        self.wrong: RuleError | None = None

    def load(self) -> Sequence[Rule]:
        if self.wrong is not None:
            raise self.wrong
        return self.rules


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


@pytest.fixture
def client(city: City, catalogue: Catalogue) -> Iterator[Client]:
    services = replace(city.services(), rules=LiveRules(catalogue.load))
    with client_of(create_app(services)) as client:
        yield client


def listed(client: Client, city: City) -> list[tuple[str, int]]:
    rules = client.get("/v1/rules", city.tokens[Role.VIEWER]).json()
    return [(rule["id"], rule["version"]) for rule in rules]


def test_reload_changes_the_rules_and_is_audited_with_their_versions(
    client: Client, city: City, catalogue: Catalogue
) -> None:
    assert listed(client, city) == [("lamp.dark", 1), ("lamp.silent", 1)]
    catalogue.rules = [replace(rule("lamp.dark", dark(5)), version=2), rule("lamp.new", dark(1))]
    answer = client.post("/v1/rules/reload", city.tokens[Role.ADMIN])
    assert answer.json() == {
        "added": ["lamp.new"], "removed": ["lamp.silent"], "changed": ["lamp.dark"], "unchanged": 0,
    }  # fmt: skip
    assert listed(client, city) == [("lamp.dark", 2), ("lamp.new", 1)]
    [entry] = [entry for entry in city.views.audit.list().items if entry.action == "rules.reload"]
    assert entry.who == "the admin"
    assert entry.detail == {
        "versions": {"lamp.dark": 2, "lamp.new": 1}, "removed": ["lamp.silent"], "unchanged": 0,
    }  # fmt: skip


def test_reload_of_a_wrong_rule_is_refused_with_its_place_and_changes_nothing(
    client: Client, city: City, catalogue: Catalogue
) -> None:
    assert listed(client, city) == [("lamp.dark", 1), ("lamp.silent", 1)]
    catalogue.wrong = RuleError("lamps.yaml", "lamp.dark", "there is no field 'm.powr_w'", 3)
    answer = client.post("/v1/rules/reload", city.tokens[Role.ADMIN])
    assert answer.status_code == 422
    assert answer.json()["detail"] == "lamps.yaml, rule 'lamp.dark', column 3: there is no field 'm.powr_w'"
    assert listed(client, city) == [("lamp.dark", 1), ("lamp.silent", 1)]
    assert city.audited("rules.reload") == []


def test_reload_is_for_those_who_run_the_service(client: Client, city: City) -> None:
    assert client.post("/v1/rules/reload", city.tokens[Role.OPERATOR]).status_code == 403
