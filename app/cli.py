"""The `ioc` command."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console

from app.demo import DemoOptions, run_demo, terminal
from app.demo_city import CityPlan
from app.errors import StartError
from app.service import ServiceFailedError
from app.settings import ServiceSettings
from app.summary import Summary
from app.version import VERSION
from devices.catalogue_page import catalogue_page
from devices.durations import parse_duration_ms
from rules.errors import RulesError
from rules.proving import check_catalogue

__all__ = ["main"]

app = typer.Typer(
    name="ioc",
    help="Telemetry, device faults and suspected traffic violations for a city's operations centre.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
rules = typer.Typer(help="Work with the rule catalogue.", no_args_is_help=True)
app.add_typer(rules, name="rules")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(VERSION)


@app.command()
def demo(
    devices: Annotated[int, typer.Option(min=5, max=100_000, help="How many devices speak.")] = 300,
    speed: Annotated[
        float | None,
        typer.Option(min=0.01, help="Seconds of the city in a second; default: 60 until night, then 1."),
    ] = None,
    run_for: Annotated[
        str | None, typer.Option("--for", help="End by itself after this time, such as 90s, 5m or 1h.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Where everything is kept; goes on where it stopped.")] = Path(
        "data/demo"
    ),
    json: Annotated[Path | None, typer.Option(help="Write the summary to this file.")] = None,
    mqtt_port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the broker.")] = 1883,
    http_port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the API.")] = 8080,
    broker: Annotated[
        str, typer.Option(help="auto (mosquitto where it is installed), mosquitto, or packaged.")
    ] = "auto",
    registry: Annotated[
        Path | None,
        typer.Option(help="Simulate the devices of this CSV or GeoJSON file instead of an invented city."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another city (for a new data directory).")] = 1,
) -> None:
    """Run a whole simulated city on this machine: broker, collector, rules, API and devices."""
    try:
        _check_writable(json)
        options = DemoOptions(
            settings=ServiceSettings(data_dir=data, mqtt_port=mqtt_port, http_port=http_port),
            plan=CityPlan(name="tam-ky", devices=devices, seed=seed, registry=registry),
            speed=speed,
            run_for_s=None if run_for is None else _seconds(run_for),
            broker=_choice("--broker", broker, ("auto", "mosquitto", "packaged")),
        )
        console = terminal()
        summary = asyncio.run(_until_interrupted(options, console))
    except ValidationError as error:
        raise SystemExit(f"ioc demo: {_wrong_settings(error)}") from None
    except ServiceFailedError as error:
        raise SystemExit(
            f"ioc demo: {error}" + (f" ({error.__cause__})" if error.__cause__ else "")
        ) from None
    except StartError as error:
        raise SystemExit(f"ioc demo: {error}") from None
    console.print(summary.table())
    if json is not None:
        summary.write_json(json)
    if not summary.adds_up:
        raise SystemExit(
            "ioc demo: the counts do not add up; this is a defect, please keep the data directory"
        )


@app.command("kinds")
def kinds_page() -> None:
    """Print every kind of device with its fields, units and ranges, as Markdown (docs/kinds.md)."""
    typer.echo(catalogue_page(), nl=False)


@rules.command("check")
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


async def _until_interrupted(options: DemoOptions, console: Console) -> Summary:
    """Run the demo until Ctrl-C, SIGTERM or its own end."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await run_demo(options, console, stop)


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise StartError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
    return value


def _check_writable(file: Path | None) -> None:
    """Refuse a summary file that could not be written, before a long run and not after it.

    Raises:
        StartError: its folder is not there or not ours.
    """
    if file is not None and not os.access(file.parent, os.W_OK):
        raise StartError(f"--json: {str(file.parent)!r} is no folder that can be written")


def _wrong_settings(error: ValidationError) -> str:
    """The settings that cannot be used, by the names they have in the environment."""
    return "; ".join(
        f"IOC_{'_'.join(map(str, problem['loc'])).upper()}={problem['input']!r}: {problem['msg']}"
        for problem in error.errors()
    )


def _seconds(duration: str) -> float:
    """Seconds in a duration such as 90s, or in a plain number.

    Raises:
        StartError: it is neither.
    """
    try:
        return (
            float(duration) if duration.replace(".", "", 1).isdigit() else parse_duration_ms(duration) / 1000
        )
    except ValueError as error:
        raise StartError(f"--for: {error}") from None


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
