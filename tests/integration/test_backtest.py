"""A backtest of what was stored is what happened, for rules that have not changed."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.backtest_screen import printed
from app.backtesting import BacktestResult, backtest, opened_stores
from app.commands.rules import COMMAND
from app.settings import ServiceSettings
from devices.cities import load_city
from devices.clock import SteppedClock
from rules.backtest.span import Span
from rules.loading import load_rules
from rules.rule import Lasting, Rule
from rules.ruleset import overlaid
from simulators.city import build_city
from simulators.disorder import Disorder
from simulators.scenario import FaultPlan, Scenario
from store.operations.past_faults import past_faults
from tests.integration.live_city import START_MS, received_and_judged

_HOUR_MS = 3_600_000
_TO_MS = START_MS + 2 * _HOUR_MS
_MUCH_GOES_WRONG = Scenario(
    id="much",
    faults=(FaultPlan(fault="*", per_day=48, lasting="10m..60m"),),
    disorder=Disorder(
        late_share=0.05, duplicate_share=0.05, drift_share=0.2, batch_share=0.2, outage_share=0.2
    ),
)


_TRIED = """
apiVersion: rules/v1
rules:
  - id: lamp.any
    version: 1
    kind: streetlight
    title: {vi: "Có điện", en: "Any power"}
    when: "m.power_w >= 0"
    for: 3m
    severity: {default: minor}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stores of a city in which much went wrong for some hours."""
    folder = tmp_path_factory.mktemp("city") / "data"
    city = build_city(load_city("tam-ky"), 60, 1)
    received_and_judged(folder, city, _MUCH_GOES_WRONG, load_rules(), to_ms=_TO_MS)
    return folder


def found(data: Path, rules: tuple[Rule, ...], span: Span) -> BacktestResult:
    settings = ServiceSettings(data_dir=data)
    with opened_stores(settings) as stores:
        return backtest(stores, settings, rules, span)


def test_backtest_of_unchanged_rules_is_the_history(data: Path) -> None:
    result = found(data, load_rules(), Span(START_MS, START_MS, _TO_MS + 1))
    comparison = result.comparison
    assert (comparison.added, comparison.missing, comparison.moved) == ([], [], [])
    assert len({fault.rule for fault in comparison.same}) > 5
    assert 0 < result.load_after == result.load_before
    assert "Nothing would have been otherwise." in list(printed(result))


def test_backtest_of_the_second_half_knows_what_was_active_at_its_start(data: Path) -> None:
    middle_ms = START_MS + _HOUR_MS
    comparison = found(data, load_rules(), Span(middle_ms - _HOUR_MS // 2, middle_ms, _TO_MS + 1)).comparison
    assert any(fault.since_ms < middle_ms for fault in comparison.same)
    assert any(fault.since_ms > middle_ms for fault in comparison.same)
    assert comparison.added == []


def test_rule_that_waits_longer_moves_its_faults_and_no_other(data: Path) -> None:
    span = Span(START_MS, START_MS, _TO_MS + 1)
    rules = {rule.id: rule for rule in load_rules()}
    with opened_stores(ServiceSettings(data_dir=data)) as stores:
        raised = Counter(fault.rule for fault in past_faults(stores.operations, span.from_ms, span.to_ms))
    [chosen, *_] = [
        rule
        for rule, _ in raised.most_common()
        if rule in rules and isinstance(next(iter(rules[rule].patterns.values())), Lasting)
    ]
    patterns = {
        kind: replace(pattern, for_ms=pattern.for_ms + 1)
        for kind, pattern in rules[chosen].patterns.items()
        if isinstance(pattern, Lasting)
    }
    patient = replace(rules[chosen], version=rules[chosen].version + 1, patterns=patterns)
    result = found(data, overlaid(rules.values(), [patient]), span)
    figures = result.comparison.by_rule
    assert figures[chosen].same == 0
    assert figures[chosen].moved + figures[chosen].missing == raised[chosen]
    assert all(one.live.raised_at_ms < one.backtest.raised_at_ms for one in result.comparison.moved)
    assert all(one.added == one.missing == one.moved == 0 for rule, one in figures.items() if rule != chosen)


def test_command_shows_and_writes_what_a_file_of_rules_would_add(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.commands.rules.SystemClock", lambda: SteppedClock(_TO_MS + 1))
    tried, written = tmp_path / "tried.yaml", tmp_path / "result.json"
    tried.write_text(_TRIED, encoding="utf-8")
    arguments = ["backtest", "--since", "2h", "--warm-up", "0s", "--data", str(data), "--rules", str(tried)]
    result = CliRunner().invoke(COMMAND, [*arguments, "--json", str(written)])
    assert result.exit_code == 0, result.output
    assert "lamp.any" in result.output
    document = json.loads(written.read_text(encoding="utf-8"))
    assert {fault["rule"] for fault in document["added"]} == {"lamp.any"}
    assert document["missing"] == document["moved"] == []
    load = document["incidents_per_operator_hour"]
    assert load["after"] > load["before"]


def test_command_whose_rules_are_wrong_says_where(data: Path, tmp_path: Path) -> None:
    tried = tmp_path / "tried.yaml"
    tried.write_text(_TRIED.replace("m.power_w", "m.powr_w"), encoding="utf-8")
    result = CliRunner().invoke(COMMAND, ["backtest", "--data", str(data), "--rules", str(tried)])
    assert result.exit_code == 1
    assert "tried.yaml, rule 'lamp.any', column 1" in result.output
