"""`for` and `clear_for` mean what Prometheus means by `for` and `keep_firing_for`: promtool is the judge."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.stream import Mark
from rules.expressions.expression import condition
from rules.rule import Lasting, Missing
from tests.rules.detection.support import (
    MINUTE_MS,
    START_MS,
    Bench,
    History,
    batch,
    history,
    lamp,
    rule,
    told,
)

pytestmark = pytest.mark.promtool

_LIMIT_W = 6.0
_MOST_MINUTES = 20


@dataclass(frozen=True)
class Case:
    """A rule and what a lamp says every minute; None is a reading without the value, Prometheus' `stale`."""

    for_min: int
    keep_min: int
    powers: Sequence[float | None]


_CASES = st.builds(
    Case,
    for_min=st.sampled_from([0, 1, 2, 3, 5]),
    keep_min=st.sampled_from([0, 1, 2, 4]),
    powers=st.lists(
        st.sampled_from([0.0, 0.0, 0.0, 5.5, _LIMIT_W, 60.0, None]), min_size=1, max_size=_MOST_MINUTES
    ),
)


def _pattern(case: Case) -> Lasting:
    return Lasting(
        when=condition(f"m.power_w < {_LIMIT_W}", "streetlight"),
        for_ms=case.for_min * MINUTE_MS,
        clear_for_ms=case.keep_min * MINUTE_MS,
        missing=Missing.CLEAR,
    )


def _ours(cases: Sequence[Case]) -> History:
    """What the engine finds: case number n is the rule `case.n` on the lamp `n`."""
    rules = [rule(f"case.{number}", _pattern(case)) for number, case in enumerate(cases)]
    bench = Bench(rules, [lamp(str(number)) for number in range(len(cases))])
    for minute in range(_MOST_MINUTES):
        bench.feed(
            batch(
                [
                    told(minute, minute, power=case.powers[minute], device=str(number))
                    for number, case in enumerate(cases)
                    if minute < len(case.powers)
                ]
                or [told(minute, minute, device="nobody")]
            ),
            Mark(START_MS + minute * MINUTE_MS + 1000, caught_up=True),
        )
    return history(bench.changes)


def _is_active(found: History, number: int, at_ms: int) -> bool:
    own = [
        times for (name, device, _), times in found.items() if name == f"case.{number}" == f"case.{device}"
    ]
    return any(raised <= at_ms and (cleared is None or at_ms < cleared) for raised, cleared in own)


def _rule_file(cases: Sequence[Case]) -> dict[str, Any]:
    alerts = [
        {
            "alert": f"case{number}",
            "expr": f'power_w{{case="{number}"}} < {_LIMIT_W}',
            "for": f"{case.for_min}m",
            "keep_firing_for": f"{case.keep_min}m",
        }
        for number, case in enumerate(cases)
    ]
    return {"groups": [{"name": "cases", "rules": alerts}]}


def _test_file(cases: Sequence[Case], found: History) -> dict[str, Any]:
    """A test for promtool that expects what we found, for every case at every minute."""
    series = [
        {
            "series": f'power_w{{case="{number}"}}',
            "values": " ".join("stale" if power is None else str(power) for power in case.powers),
        }
        for number, case in enumerate(cases)
    ]
    expected = [
        {
            "eval_time": f"{minute}m",
            "alertname": f"case{number}",
            "exp_alerts": [{"exp_labels": {"case": str(number)}}]
            if _is_active(found, number, minute * MINUTE_MS)
            else [],
        }
        for number, case in enumerate(cases)
        for minute in range(len(case.powers))
    ]
    test = {"interval": "1m", "input_series": series, "alert_rule_test": expected}
    return {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}


def _judgement(folder: Path, cases: Sequence[Case], found: History) -> str:
    """What promtool finds wrong; empty if nothing."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(_rule_file(cases)), encoding="utf-8")
    (folder / "test.yaml").write_text(yaml.safe_dump(_test_file(cases, found)), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yaml"], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(_CASES, min_size=1, max_size=20))
def test_fault_of_random_readings_is_active_when_prometheus_fires(tmp_path: Path, cases: list[Case]) -> None:
    assert _judgement(tmp_path, cases, _ours(cases)) == ""


def test_judge_refuses_a_history_that_is_not_prometheus_own(tmp_path: Path) -> None:
    case = Case(for_min=2, keep_min=1, powers=[0.0, 0.0, 0.0, 60.0, 60.0])
    found = _ours([case])
    assert found == {("case.0", "0", 0): (2 * MINUTE_MS, 4 * MINUTE_MS)}
    late = {key: (raised + MINUTE_MS, cleared) for key, (raised, cleared) in found.items()}
    assert "case0" in _judgement(tmp_path, [case], late)
