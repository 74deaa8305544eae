"""`ioc rules`: work with the rule catalogue."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from app.asking import Key, Url, ask
from app.errors import StartError
from rules.errors import RulesError
from rules.loading import load_rules
from rules.page import rules_page
from rules.proving import check_catalogue

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
