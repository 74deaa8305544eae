"""`ioc score`: how well the rules detect what was really wrong."""

import asyncio
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console

from app.commands.options import check_writable, choice, seconds, wrong_settings
from app.demo import terminal
from app.errors import StartError
from app.scoring import score_of_api, score_of_directory, truth_of, write_score
from app.scoring_plan import ScoringPlan, moment_in, step_s_for
from app.scoring_run import RunOptions, run_and_score
from app.scoring_screen import RunScreen
from app.service import ServiceFailedError
from devices.cities import load_city
from reports.score.figures import Score
from reports.score.page import write_page
from reports.score.results_page import results_page
from reports.score.table import score_table

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)

_USUAL_INTERVAL_S = 60.0
_START = "2026-06-01T17:30"

Json = Annotated[Path | None, typer.Option(help="Write the figures to this file.")]
Html = Annotated[Path | None, typer.Option(help="Write a page with plots to this file; it needs no network.")]
Interval = Annotated[
    str | None, typer.Option(help="How often each device reports, such as 5m, if not as its kind says.")
]


@COMMAND.callback(invoke_without_command=True)
def score(
    context: typer.Context,
    truth: Annotated[
        Path | None, typer.Option(help="What was really wrong (JSON lines, as simulators write it).")
    ] = None,
    data: Annotated[Path, typer.Option(help="Data directory of a stopped service.")] = Path("data/demo"),
    api: Annotated[str | None, typer.Option(help="Ask this running service instead of --data.")] = None,
    key: Annotated[
        str | None, typer.Option(envvar="KEY", help="API key that may read faults and violations.")
    ] = None,
    interval: Interval = None,
    json: Json = None,
    html: Html = None,
) -> None:
    """Compare what the service raised with what was really wrong: precision, recall, delay, incidents.

    How a report is matched with the truth stands in docs/score.md. `ioc score run` plays a whole city first.
    """
    if context.invoked_subcommand is not None:
        return
    if truth is None:
        raise SystemExit("ioc score: --truth FILE is needed; `ioc score run` makes one of its own")
    if api is not None and key is None:
        raise SystemExit("ioc score: --api needs a --key that may read faults and violations")
    try:
        _check_outputs(json, html)
        wrong, interval_s = truth_of(truth), _interval_s(interval)
        if api is None:
            result = score_of_directory(wrong, data, interval_s)
        else:
            result = score_of_api(wrong, api, key or "", interval_s)
    except StartError as error:
        raise SystemExit(f"ioc score: {error}") from None
    _show(terminal(), result, json, html)


@COMMAND.command("run")
def run(
    city: Annotated[str, typer.Option(help="Which city.")] = "tam-ky",
    scenario: Annotated[str, typer.Option(help="Which faults are injected.")] = "everything",
    devices: Annotated[int, typer.Option(min=5, max=100_000, help="How many devices speak.")] = 300,
    seed: Annotated[int, typer.Option(help="Another seed, another city and other faults.")] = 1,
    days: Annotated[float, typer.Option(min=0.01, max=366, help="Days of the city.")] = 1.0,
    interval: Interval = None,
    start: Annotated[str, typer.Option(help="When it begins, local time of the city.")] = _START,
    step: Annotated[
        str | None,
        typer.Option(help="City time in a step; delays are up to one too long. Default: it suits."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Keep everything in this folder; default: a temporary one.")
    ] = None,
    broker: Annotated[
        str, typer.Option(help="auto (mosquitto where it is installed), mosquitto, or packaged.")
    ] = "auto",
    json: Json = None,
    html: Html = None,
) -> None:
    """Play a city with known faults through broker, collector and rules as fast as can be, and score it."""
    try:
        _check_outputs(json, html)
        interval_s = _interval_s(interval)
        origin_ms = moment_in(city, _local(start))
        step_s = seconds("--step", step) if step else step_s_for(devices, interval_s or _USUAL_INTERVAL_S)
        plan = ScoringPlan(
            city=city,
            scenario=scenario,
            devices=devices,
            seed=seed,
            origin_ms=origin_ms,
            to_ms=origin_ms + round(days * 86_400_000),
            step_ms=max(1, round(step_s * 1000)),
            interval_s=interval_s,
        )
        console = terminal()
        result = _run(plan, data, choice("--broker", broker, ("auto", "mosquitto", "packaged")), console)
    except ValidationError as error:
        raise SystemExit(f"ioc score run: {wrong_settings(error)}") from None
    except ServiceFailedError as error:
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        raise SystemExit(f"ioc score run: {error}{cause}") from None
    except StartError as error:
        raise SystemExit(f"ioc score run: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("ioc score run: stopped; nothing was scored") from None
    _show(console, result, json, html)


@COMMAND.command("page")
def page(
    files: Annotated[list[Path], typer.Argument(help="Figures of runs, as --json wrote them.")],
) -> None:
    """Print the scores of some runs as a page in Markdown (docs/score-results.md)."""
    try:
        runs = [msgspec.json.decode(file.read_bytes()) for file in files]
        typer.echo(results_page(runs), nl=True)
    except OSError as error:
        raise SystemExit(f"ioc score page: {error}") from None
    except (msgspec.DecodeError, KeyError) as error:
        raise SystemExit(f"ioc score page: a file is no score that --json wrote: {error}") from None


def _run(plan: ScoringPlan, data: Path | None, broker: str, console: Console) -> Score:
    """The score of a run in `data`, or in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="ioc-score-", ignore_cleanup_errors=True) as scratch:
        screen = RunScreen(console, plan, load_city(plan.city).zone)
        try:
            options = RunOptions(plan=plan, data=data or Path(scratch), broker=broker)
            return asyncio.run(run_and_score(options, screen.show))
        finally:
            screen.close()


def _show(console: Console, result: Score, json: Path | None, html: Path | None) -> None:
    console.print(score_table(result))
    if json is not None:
        write_score(json, result)
    if html is not None:
        write_page(html, result)


def _check_outputs(json: Path | None, html: Path | None) -> None:
    check_writable("--json", json)
    check_writable("--html", html)


def _interval_s(interval: str | None) -> float | None:
    """Seconds between two reports, if they were given.

    Raises:
        StartError: no device reports that often.
    """
    if interval is None:
        return None
    value = seconds("--interval", interval)
    if value <= 0:
        raise StartError(f"--interval must be positive, got {interval!r}")
    return value


def _local(start: str) -> datetime:
    """The moment a run begins.

    Raises:
        StartError: it is no local time.
    """
    try:
        moment = datetime.fromisoformat(start)
    except ValueError as error:
        raise StartError(f"--start must be a local time such as {_START}, got {start!r}") from error
    if moment.tzinfo is not None:
        raise StartError(f"--start is local time of the city and names no offset, got {start!r}")
    return moment
