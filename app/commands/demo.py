"""`ioc demo`: a whole simulated city on this machine."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from app.commands.options import check_writable, choice, seconds, wrong_settings
from app.demo import DemoOptions, run_demo, terminal
from app.demo_city import CityPlan
from app.errors import StartError
from app.service import ServiceFailedError
from app.settings import ServiceSettings
from app.summary import Summary

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)


@COMMAND.command("demo")
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
        check_writable("--json", json)
        options = DemoOptions(
            settings=ServiceSettings(data_dir=data, mqtt_port=mqtt_port, http_port=http_port),
            plan=CityPlan(name="tam-ky", devices=devices, seed=seed, registry=registry),
            speed=speed,
            run_for_s=None if run_for is None else seconds("--for", run_for),
            broker=choice("--broker", broker, ("auto", "mosquitto", "packaged")),
        )
        console = terminal()
        summary = asyncio.run(_until_interrupted(options, console))
    except ValidationError as error:
        raise SystemExit(f"ioc demo: {wrong_settings(error)}") from None
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


async def _until_interrupted(options: DemoOptions, console: Console) -> Summary:
    """Run the demo until Ctrl-C, SIGTERM or its own end."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await run_demo(options, console, stop)
