from datetime import datetime

from app.scoring_plan import ScoringPlan, moment_in
from reports.score.as_json import as_json
from reports.score.results_page import results_page
from reports.score.scoring import score
from tests.reports.score.support import BOOK, injection, raised, reports, truth


def test_page_has_the_totals_of_each_run_its_command_and_a_row_for_each_type() -> None:
    alike = injection("L-3", fault="false_zero", real=False, rules=())
    found = score(truth(injection("L-1"), alike), reports(raised("L-1", at_min=55), raised("L-3")), BOOK)
    run = as_json(found) | {"run": {"arguments": "--seed 7", "messages": 1_234_567, "seconds": 600}}
    page = results_page([run, run])
    assert page.count("| 0.5000 | 1.0000 | 45.1 min | lamp_out | 0.67 |") == 2
    assert page.count('make score ARGS="--seed 7 --json FILE"') == 2
    assert "1,234,567 messages in 10 minutes." in page
    assert "| `lamp_out` | 1 | 1 | 0 | 1 | 0 | 0.500 | 1.000 | 45.1 min | 6.0 min | 45.1 min |" in page
    assert "| false_zero | 1 | 1 |" in page


def test_arguments_of_a_run_make_the_same_run_again() -> None:
    origin_ms = moment_in("tam-ky", datetime(2026, 6, 1, 17, 30))  # noqa: DTZ001 - the city's own time
    plan = ScoringPlan(
        city="tam-ky",
        scenario="everything",
        devices=1_000,
        seed=7,
        origin_ms=origin_ms,
        to_ms=origin_ms + 30 * 86_400_000,
        step_ms=100_000,
        interval_s=300.0,
    )
    assert plan.arguments() == (
        "--city tam-ky --scenario everything --devices 1000 --seed 7"
        " --days 30 --start 2026-06-01T17:30 --step 100s --interval 300s"
    )
