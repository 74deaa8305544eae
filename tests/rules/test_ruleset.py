"""An installation's own rules, and rules that change while the service runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from rules.errors import RuleError
from rules.loading import load_rules
from rules.ruleset import LiveRules, RulesChange, difference, installed_rules
from tests.rules.detection.support import DARK, SILENT, SPREAD, dark, rule

_RULES = """
apiVersion: rules/v1
rules:
  - id: lamp.out
    version: 9
    kind: streetlight
    title: {{vi: "Đèn tối", en: "Lamp dark"}}
    when: "m.power_w < {limit}"
    severity: {{default: minor}}
    tests: [tests/proof.yaml]
"""
_PROOF = """
apiVersion: rules-tests/v1
tests:
  - name: a dark lamp
    rule: lamp.out
    kind: streetlight
    attributes: {rated_w: 60.0}
    start: 2026-11-22T19:00:00+07:00
    series: {power_w: "60 4 60"}
    faults: [{since: 1m, raised: 1m, cleared: 2m}]
"""


def own_rules(folder: Path, limit: float = 5) -> Path:
    (folder / "lamps.yaml").write_text(_RULES.format(limit=limit), encoding="utf-8")
    (folder / "tests").mkdir()
    (folder / "tests" / "proof.yaml").write_text(_PROOF, encoding="utf-8")
    return folder


def test_installed_rules_of_a_folder_take_the_place_of_those_with_their_id(tmp_path: Path) -> None:
    found = {rule.id: rule for rule in installed_rules(own_rules(tmp_path))}
    product = {rule.id: rule for rule in load_rules()}
    assert found.keys() == product.keys()
    assert found["lamp.out"].version == 9
    assert {rule_id for rule_id in found if found[rule_id] != product[rule_id]} == {"lamp.out"}


def test_installed_rules_without_a_folder_are_the_products() -> None:
    assert installed_rules(None) == load_rules()


def test_installed_rule_that_fails_its_test_is_refused_with_the_tests_name(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"'a dark lamp': faults .* expected"):
        installed_rules(own_rules(tmp_path, limit=3))


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="there is no folder"):
        installed_rules(tmp_path / "nowhere")


def test_difference_names_what_came_went_and_changed() -> None:
    other = replace(rule("lamp.dark", dark(5)), version=2)
    change = difference([DARK, SILENT, *SPREAD], [other, *SPREAD, rule("lamp.new", dark(1))])
    assert change == RulesChange(
        added=("lamp.new",), removed=("lamp.silent",), changed=("lamp.dark",), unchanged=len(SPREAD)
    )
    assert not difference([DARK], [DARK])


def test_difference_of_a_rule_that_kept_its_version_is_refused() -> None:
    with pytest.raises(RuleError, match=r"'lamp\.dark'.*another version, got 1 again"):
        difference([DARK], [rule("lamp.dark", dark(5))])


def test_live_rules_that_cannot_be_loaded_stay_as_they_were() -> None:
    sets = [[DARK], None, [DARK, SILENT]]

    def load() -> list[object]:
        found = sets.pop(0)
        if found is None:
            raise RuleError("some.yaml", "lamp.dark", "wrong")
        return list(found)

    live, told = LiveRules(load), list[int]()  # type: ignore[arg-type]
    live.follow(lambda: told.append(len(live.rules)))
    assert [rule.id for rule in live.rules] == ["lamp.dark"]
    with pytest.raises(RuleError):
        live.reload()
    assert [rule.id for rule in live.rules] == ["lamp.dark"]
    assert told == []
    assert live.reload().added == ("lamp.silent",)
    assert [rule.id for rule in live.rules] == ["lamp.dark", "lamp.silent"]
    assert told == [2]


def test_reload_without_a_change_tells_nobody() -> None:
    live, told = LiveRules(lambda: [DARK]), list[int]()
    live.follow(lambda: told.append(1))
    assert not live.reload()
    assert told == []


def test_test_whose_device_the_registry_refuses_is_named(tmp_path: Path) -> None:
    folder = own_rules(tmp_path)
    proof = folder / "tests" / "proof.yaml"
    proof.write_text(_PROOF.replace("attributes: {rated_w: 60.0}", "attributes: {}"), encoding="utf-8")
    with pytest.raises(RuleError, match=r"proof\.yaml, rule 'lamp\.out': test 'a dark lamp': .*rated_w"):
        installed_rules(folder)
