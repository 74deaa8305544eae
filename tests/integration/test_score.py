"""A small city through the real broker, collector and rules, and its score."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from app.cli import cli
from app.scoring_plan import ScoringPlan, moment_in
from app.scoring_run import Progress, RunOptions, run_and_score
from reports.score.figures import Score
from reports.score.truth import read_truth
from simulators.fault_types import fault_types

COVERED = ("device_silent", "lamp_out", "phase_lost", "speaker_off_programme", "speeding")
HOURS = 3


def plan() -> ScoringPlan:
    origin_ms = moment_in("tam-ky", datetime(2026, 6, 1, 17, 30))  # noqa: DTZ001 - the city's own time
    return ScoringPlan(
        city="tam-ky",
        scenario="first-light",
        devices=60,
        seed=1,
        origin_ms=origin_ms,
        to_ms=origin_ms + HOURS * 3_600_000,
        step_ms=60_000,
    )


async def run(data: Path, broker: str) -> tuple[Score, list[Progress]]:
    shown: list[Progress] = []
    result = await run_and_score(RunOptions(plan=plan(), data=data, broker=broker), shown.append)
    return result, shown


@pytest.mark.mosquitto
async def test_score_of_a_small_city_finds_what_the_rules_of_today_can_find(tmp_path: Path) -> None:
    result, shown = await run(tmp_path / "data", "mosquitto")
    rows = {row.fault: row for row in result.types if row.real}
    # A camera's calibration stands expired in the registry, whatever the scenario; no rule says so yet.
    assert set(rows) - {"calibration_expired"} == set(COVERED) <= {fault.id for fault in fault_types()}
    assert {name: rows[name].figures.recall for name in COVERED} == dict.fromkeys(COVERED, 1.0)
    assert result.faults.precision is not None
    assert result.faults.precision >= 0.8
    assert (result.run["not_delivered"], result.run["dead_lettered"]) == (0, 0)
    assert shown[-1].now_ms == plan().to_ms
    scored_again(tmp_path, result)


def scored_again(tmp_path: Path, result: Score) -> None:
    """The command gives the same figures for what the run left in its data directory."""
    outputs = ("--json", str(tmp_path / "score.json"), "--html", str(tmp_path / "score.html"))
    truth = tmp_path / "data" / "truth.jsonl"
    assert read_truth(truth).devices == plan().devices
    told = CliRunner().invoke(
        cli, ["score", "--truth", str(truth), "--data", str(tmp_path / "data"), *outputs]
    )
    assert told.exit_code == 0, told.output
    assert "all faults" in told.output
    figures = json.loads((tmp_path / "score.json").read_text())
    assert (figures["recall"], figures["precision"]) == (result.faults.recall, result.faults.precision)
    assert (tmp_path / "score.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.mosquitto
async def test_day_of_everything_is_found_and_nothing_else_is_raised(tmp_path: Path) -> None:
    day = replace(plan(), scenario="everything", devices=200, interval_s=300.0, step_ms=100_000)
    day = replace(day, to_ms=day.origin_ms + 24 * 3_600_000)
    result = await run_and_score(
        RunOptions(plan=day, data=tmp_path / "data", broker="mosquitto"), lambda _: None
    )
    precision, recall = result.faults.precision, result.faults.recall
    assert precision is not None and recall is not None  # noqa: PT018 - for the type checker
    assert (precision >= 0.98, recall >= 0.99) == (True, True), (result.missed, result.false)
    assert [one for one in result.types if one.violation and one.figures.precision not in (None, 1.0)] == []
    assert (result.run["not_delivered"], result.run["dead_lettered"]) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "--truth FILE is needed"),
        (["--truth", "nowhere.jsonl"], "the truth file 'nowhere.jsonl' cannot be read"),
        (["--truth", "x", "--api", "http://127.0.0.1:1", "--key", ""], "cannot be read"),
        (["run", "--start", "soon"], "--start must be a local time such as"),
        (["run", "--start", "2026-06-01T17:30Z"], "names no offset"),
        (["run", "--interval", "0s"], "--interval must be positive"),
        (["run", "--city", "atlantis"], "no city 'atlantis'"),
        (["run", "--json", "nowhere/score.json"], "no folder that can be written"),
    ],
)
def test_wrong_command_ends_with_one_sentence(arguments: list[str], sentence: str) -> None:
    told = CliRunner().invoke(cli, ["score", *arguments], env={"KEY": None})
    assert told.exit_code == 1
    assert sentence in str(told.exception)
