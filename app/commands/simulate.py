"""`ioc simulate`: devices that publish to a broker."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from app.commands.options import check_writable, wrong_settings
from app.errors import StartError
from app.load import run_load
from app.load_options import LoadOptions, city_messages
from app.settings import ServiceSettings
from simulators.load.errors import LoadError

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)

_HELP = (
    "Drive a broker with the telemetry of a simulated city, as fast as it takes it or at a rate.\n\n"
    "Devices share connections: device i publishes over connection i modulo C (--connections C, default 8),"
    " as behind a gateway. So a broker whose ACL confines devices to their own topics needs the user of a"
    " gateway whose prefix covers them (IOC_MQTT_USER, IOC_MQTT_PASSWORD). With --connections per-device"
    " up to 5,000 devices have a connection each.\n\n"
    "The messages are native readings (JSON of up to 220 bytes, times as epoch ms) of the time of day it is:"
    " same seed and hour, same values. --ledger FILE notes every message that the broker has acknowledged:"
    " device, time, number. What stands there and not in the store was lost.\n\n"
    "Examples: ioc simulate --rate max --count 200000, or"
    " ioc simulate --rate 5000/s --for 10m --ledger ledger.bin"
)


@COMMAND.command("simulate", help=_HELP)
def simulate(
    rate: Annotated[str, typer.Option(help="max, or messages a second such as 50000/s.")] = "max",
    city: Annotated[str, typer.Option(help="Which city.")] = "tam-ky",
    devices: Annotated[int, typer.Option(min=5, max=100_000, help="How many devices speak.")] = 1_000,
    seed: Annotated[int, typer.Option(help="Another seed, other devices and values.")] = 1,
    qos: Annotated[int, typer.Option(min=0, max=1, help="0, or 1: every message is acknowledged.")] = 1,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many messages.")] = None,
    run_for: Annotated[str | None, typer.Option("--for", help="End after this time, such as 90s.")] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that publish.")] = 2,
    connections: Annotated[str | None, typer.Option(help="A number, or per-device.")] = None,
    ledger: Annotated[Path | None, typer.Option(help="Note what was acknowledged here.")] = None,
    mqtt_host: Annotated[str | None, typer.Option(help="The broker; default: IOC_MQTT_HOST.")] = None,
    mqtt_port: Annotated[int | None, typer.Option(help="Its port; default: IOC_MQTT_PORT.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
) -> None:
    """Drive a broker."""
    console = Console()
    given = {"mqtt_host": mqtt_host, "mqtt_port": mqtt_port}
    options = LoadOptions(
        rate=rate,
        qos=qos,
        devices=devices,
        processes=processes,
        connections=connections,
        count=count,
        run_for=run_for,
        ledger=ledger,
    )
    try:
        check_writable("--json", json)
        broker = ServiceSettings(**{name: value for name, value in given.items() if value is not None}).broker  # type: ignore[arg-type]
        plan = options.plan(broker)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with console.status("making messages"):
            messages = city_messages(city, devices, seed)
        report = run_load(plan, messages, console, stop.is_set)
    except ValidationError as error:
        raise SystemExit(f"ioc simulate: {wrong_settings(error)}") from None
    except (StartError, LoadError) as error:
        raise SystemExit(f"ioc simulate: {error}") from None
    console.print(report.sentence())
    if json is not None:
        report.write_json(json)
