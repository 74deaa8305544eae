"""`ioc rules`: work with the rule catalogue."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from app.asking import Key, Url, ask
from app.backtest_screen import BacktestScreen, as_json, printed
from app.backtesting import backtest as run_backtest
from app.backtesting import opened_stores, tried_rules
from app.commands.options import check_writable, choice, seconds
from app.configuration import load_settings
from app.errors import StartError
from app.rule_answers import explained, explanation_lines, why_not_lines
from devices.clock import SystemClock, milliseconds
from rules.backtest.span import Span
from rules.errors import RulesError
from rules.loading import load_rules
from rules.page import rules_page
from rules.proving import check_catalogue
from store.operations.errors import OperationsUnavailableError
from store.telemetry import TelemetryUnavailableError

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)


@COMMAND.callback(help="Work with the rule catalogue.")
def _group() -> None:
    """Work with the rule catalogue."""


@COMMAND.command("check")
def rules_check(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder with rules; default: the catalogue that comes with ioc.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
) -> None:
    """Load every rule, check its expressions against the devices' fields, and run its tests."""
    try:
        report = check_catalogue(folder)
    except RulesError as error:
        raise SystemExit(f"ioc rules check: {error}") from None
    for failure in report.failures:
        typer.echo(failure, err=True)
    typer.echo(f"{report.rules} rules, {report.tests} tests, {len(report.failures)} failures")
    if json is not None:
        figures = {"rules": report.rules, "tests": report.tests, "failures": list(report.failures)}
        json.write_bytes(msgspec.json.encode(figures))
    if not report.passed:
        raise SystemExit(1)


@COMMAND.command("page")
def page(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder with rules; default: the catalogue that comes with ioc.")
    ] = None,
) -> None:
    """Print every rule with its condition, times and severity, as Markdown (docs/rules.md)."""
    try:
        rules = load_rules(folder)
    except RulesError as error:
        raise SystemExit(f"ioc rules page: {error}") from None
    typer.echo(rules_page(rules), nl=False)


@COMMAND.command("reload")
def reload(url: Url = "http://127.0.0.1:8080", key: Key = "") -> None:
    """Let the running service load its rules anew: all or none; unchanged ones keep their states and timers.

    Where several processes detect, send each SIGHUP instead.
    """
    try:
        change = ask("POST", f"{url}/v1/rules/reload", key)
    except StartError as error:
        raise SystemExit(f"ioc rules reload: {error}; nothing has changed") from None
    for what in ("added", "changed", "removed"):
        if change[what]:
            typer.echo(f"{what}: {', '.join(change[what])}")
    typer.echo(f"{change['unchanged']} rules are as they were")


@COMMAND.command("backtest")
def backtest(
    since: Annotated[str, typer.Option(help="How far back, such as 7d or 36h.")] = "7d",
    rules: Annotated[
        Path | None,
        typer.Option(help="A file or folder of rules to try; each takes the place of the one with its id."),
    ] = None,
    warm_up: Annotated[
        str, typer.Option(help="How much longer back reading begins, so that timers stand as they stood.")
    ] = "1d",
    operators: Annotated[int, typer.Option(min=1, help="Operators who share the incidents.")] = 1,
    data: Annotated[Path | None, typer.Option(help="Data directory; default: IOC_DATA_DIR, or data.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the result to this file.")] = None,
) -> None:
    """Send stored readings through the rules again, and compare with what happened.

    Shows which faults would be added, missing or moved, and how many incidents operators would be told. It
    reads the stores that the settings name; embedded ones only while no service runs on them (try a restored
    backup). Events of cameras are stored without plates and left out.
    """
    console = Console()
    try:
        check_writable("--json", json)
        to_ms = SystemClock().now_ms()
        from_ms = to_ms - milliseconds(seconds("--since", since))
        span = Span(from_ms - milliseconds(seconds("--warm-up", warm_up)), from_ms, to_ms)
        settings = load_settings(data_dir=data)
        tried = tried_rules(settings, rules)
        with opened_stores(settings) as stores, BacktestScreen(console) as screen:
            result = run_backtest(stores, settings, tried, span, operators=operators, report=screen.show)
    except (StartError, TelemetryUnavailableError, OperationsUnavailableError, OSError) as error:
        raise SystemExit(f"ioc rules backtest: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("ioc rules backtest: stopped; nothing was compared") from None
    for part in printed(result):
        console.print(part, soft_wrap=not console.is_terminal)
    if json is not None:
        json.write_bytes(as_json(result))


Language = Annotated[str, typer.Option("--language", help="en or vi.")]


@COMMAND.command("explain")
def explain(
    fault: Annotated[str, typer.Argument(help="A fault's number or id.")],
    url: Url = "http://127.0.0.1:8080",
    key: Key = "",
    language: Language = "en",
) -> None:
    """Say why a fault was raised: the rule, the values, the readings that proved it, what became of it."""
    try:
        spoken = choice("--language", language, ("en", "vi"))
        found = explained(fault, url, key)
    except StartError as error:
        raise SystemExit(f"ioc rules explain: {error}") from None
    for line in explanation_lines(found, spoken):
        typer.echo(line)


@COMMAND.command("why-not")
def why_not(
    rule: Annotated[str, typer.Argument(help="Id of a rule.")],
    device: Annotated[str, typer.Argument(help="Id of a device.")],
    at: Annotated[str, typer.Argument(metavar="TIME", help="Such as 2026-11-24T19:30:00+07:00.")],
    url: Url = "http://127.0.0.1:8080",
    key: Key = "",
    language: Language = "en",
) -> None:
    """Say why a rule has found no fault of a device at a moment (or has), and which term decided."""
    try:
        spoken = choice("--language", language, ("en", "vi"))
        found = ask("GET", f"{url}/v1/rules/{rule}/why-not", key, params={"device": device, "at": at})
    except StartError as error:
        raise SystemExit(f"ioc rules why-not: {error}") from None
    for line in why_not_lines(found, spoken):
        typer.echo(line)
