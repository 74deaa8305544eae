from pathlib import Path

import pytest

from devices.catalogue import kinds
from rules.errors import RuleError
from rules.faults import Severity
from rules.loading import load_rules
from rules.proving import check_catalogue
from rules.rule import Silence
from simulators.fault_types import fault_types

_WITHOUT_RULE = {
    "feeder_down", "switch_down",
}  # fmt: skip

_TEST = """
apiVersion: rules-tests/v1
tests:
  - name: a dark lamp
    rule: lamp.dark
    kind: streetlight
    attributes: {rated_w: 60.0}
    start: 2026-11-22T19:00:00+07:00
    series: {power_w: "60x2 0x3"}
    faults: [{since: 2m, raised: RAISED}]
"""
_RULE = """
apiVersion: rules/v1
rules:
  - id: lamp.dark
    version: 1
    kind: streetlight
    title: {vi: "Đèn tối", en: "Lamp dark"}
    when: "m.power_w < 1"
    for: 1m
    severity: {default: minor}
    tests: [lamp_dark_test.yaml]
"""


def _catalogue(folder: Path, raised: str) -> Path:
    (folder / "streetlight.yaml").write_text(_RULE, encoding="utf-8")
    (folder / "tests").mkdir()
    (folder / "tests" / "lamp_dark.yaml").write_text(_TEST.replace("RAISED", raised), encoding="utf-8")
    text = _RULE.replace("lamp_dark_test.yaml", "tests/lamp_dark.yaml")
    (folder / "streetlight.yaml").write_text(text, encoding="utf-8")
    return folder


def test_catalogue_of_the_product_does_what_its_tests_say() -> None:
    report = check_catalogue()
    assert report.failures == ()
    assert report.passed
    assert report.tests >= 2 * report.rules


def test_catalogue_has_a_rule_for_every_simulated_fault_but_those_that_need_more_than_one_reading() -> None:
    there = {rule.id for rule in load_rules()}
    unseen = {fault.id for fault in fault_types() if fault.real and there.isdisjoint(fault.rules)}
    assert unseen == _WITHOUT_RULE


def test_catalogue_of_the_product_has_the_first_rules_and_both_languages() -> None:
    rules = {rule.id: rule for rule in load_rules()}
    first = {"lamp.out", "any.silent", "cabinet.phase_lost", "speaker.off_programme", "camera.speeding"}
    assert first <= rules.keys()
    assert rules["speaker.off_programme"].severity is Severity.CRITICAL
    assert rules["any.silent"].patterns.keys() == kinds().keys()
    assert all(isinstance(pattern, Silence) for pattern in rules["any.silent"].patterns.values())
    assert all(rule.title.vi and rule.title.en for rule in rules.values())


def test_check_of_a_right_catalogue_passes(tmp_path: Path) -> None:
    report = check_catalogue(_catalogue(tmp_path, "3m"))
    assert (report.rules, report.tests, report.passed) == (1, 1, True)


def test_check_of_a_wrong_expectation_says_what_came_instead(tmp_path: Path) -> None:
    report = check_catalogue(_catalogue(tmp_path, "4m"))
    assert report.failures == (
        (
            "tests/lamp_dark.yaml, 'a dark lamp': faults [since 120 s, raised 240 s, active] expected, "
            "got [since 120 s, raised 180 s, active]"
        ),
    )


def test_check_of_a_rule_whose_files_test_another_is_refused(tmp_path: Path) -> None:
    folder = _catalogue(tmp_path, "3m")
    test = folder / "tests" / "lamp_dark.yaml"
    test.write_text(
        test.read_text(encoding="utf-8").replace("rule: lamp.dark", "rule: lamp.bright"), encoding="utf-8"
    )
    with pytest.raises(RuleError, match=r"lamp\.dark.*no test of it"):
        check_catalogue(folder)


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("power_w:", "powr_w:", "has no field"),
        ("2m, raised", "soon, raised", "a duration is written like"),
        ("+07:00", "", "start needs an offset"),
        ('"60x2 0x3"', '"60x2 0x3", cmd_on: "truex4"', "equally long"),
        ("name: a dark", "title: a dark", "title"),
    ],
)
def test_check_of_a_test_that_cannot_be_read_names_the_file(
    tmp_path: Path, right: str, wrong: str, problem: str
) -> None:
    folder = _catalogue(tmp_path, "3m")
    test = folder / "tests" / "lamp_dark.yaml"
    test.write_text(test.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")
    with pytest.raises(RuleError, match=problem) as caught:
        check_catalogue(folder)
    assert caught.value.file == "tests/lamp_dark.yaml"
