"""`ioc simulate`: a city's devices, speaking to a broker or into a file, or loading a broker."""

import asyncio
import signal
import threading
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console

from app.commands.options import (
    check_writable,
    moment_ms,
    password_in,
    seconds,
    speed_of,
    wrong_settings,
)
from app.configuration import load_settings
from app.errors import StartError
from app.load import run_load
from app.load_options import LoadOptions, city_messages
from app.mqtt import BrokerAddress
from app.simulate import SimulationPlan, prepare
from app.simulate_screen import play_on_screen, sentence
from app.simulated_place import find_place
from app.sinks import broker_sink, file_sink
from devices.clock import SystemClock, milliseconds
from simulators.disorder import Disorder
from simulators.load.errors import LoadError

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False)
_BROKER = "The broker (IOC_MQTT_HOST, _PORT, _USER, _PASSWORD say the same)"
_LOAD = "Load: with --rate"
_HELP = (
    "Let a simulated city's devices speak: to a broker (QoS 1), or into a file (--out).\n\n"
    "Example, a day in ten minutes: ioc simulate --scenario first-light --from 2026-11-24T17:30 --for 24h"
    " --speed 144 --truth truth.jsonl\n\n"
    "With --rate the devices drive the broker as hard as is asked instead. They share connections: device i"
    " publishes over connection i modulo C (--connections C, default 8), as behind a gateway; a broker whose"
    " ACL confines devices to their own topics needs the user of a gateway whose prefix covers them. With"
    " --connections per-device up to 5,000 have one each. The messages are native readings (JSON of up to"
    " 220 bytes) of this hour. What --ledger FILE notes was acknowledged; what the store lacks of it was"
    " lost.\n\n"
    "Example: ioc simulate --rate 5000/s --for 10m --ledger ledger.bin"
)


@COMMAND.command("simulate", help=_HELP)
def simulate(
    city: Annotated[
        str,
        typer.Option(
            help="tam-ky, phu-ly, a registry (.csv, .geojson) or a city (.yaml, see devices/places)."
        ),
    ] = "tam-ky",
    devices: Annotated[
        int, typer.Option(min=5, max=100_000, help="How many devices speak; a registry says it itself.")
    ] = 1_000,
    seed: Annotated[int, typer.Option(help="Same seed: same city, same telemetry, byte for byte.")] = 1,
    run_for: Annotated[
        str | None,
        typer.Option("--for", help="How long in city time, such as 90s, 24h, 30d; else to Ctrl-C."),
    ] = None,
    scenario: Annotated[
        str, typer.Option(help="What goes wrong: a name from simulators/scenarios, or a .yaml file.")
    ] = "quiet",
    begin: Annotated[
        str | None,
        typer.Option("--from", help="When the city begins, RFC 3339; without an offset its own time; now."),
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option(help="City seconds in a second, or max. Default: 1 to a broker, max into a file."),
    ] = None,
    interval: Annotated[
        str | None, typer.Option(help="All devices report this often, such as 5m; else as their kinds do.")
    ] = None,
    disorder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help="Bad habits, repeatable; else the scenario's. " + ", ".join(Disorder.__struct_fields__),
        ),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Write what was injected, where and when, as JSON lines.")
    ] = None,
    registry_out: Annotated[Path | None, typer.Option(help="Write the devices as registry CSV.")] = None,
    programmes_out: Annotated[
        Path | None, typer.Option(help="Write broadcast and lighting programmes as CSV into this folder.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the messages to this file as JSON lines, not to a broker.")
    ] = None,
    mqtt_host: Annotated[str | None, typer.Option(help="Host.", rich_help_panel=_BROKER)] = None,
    mqtt_port: Annotated[int | None, typer.Option(help="Port.", rich_help_panel=_BROKER)] = None,
    mqtt_user: Annotated[str | None, typer.Option(help="User name.", rich_help_panel=_BROKER)] = None,
    mqtt_password_file: Annotated[
        Path | None, typer.Option(help="File whose first line is the password.", rich_help_panel=_BROKER)
    ] = None,
    rate: Annotated[
        str | None, typer.Option(help="max, or messages a second such as 50000/s.", rich_help_panel=_LOAD)
    ] = None,
    qos: Annotated[
        int, typer.Option(min=0, max=1, help="0, or 1: each is acknowledged.", rich_help_panel=_LOAD)
    ] = 1,
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many messages.", rich_help_panel=_LOAD)
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that publish.", rich_help_panel=_LOAD)
    ] = 2,
    connections: Annotated[
        str | None, typer.Option(help="A number, or per-device.", rich_help_panel=_LOAD)
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option(help="Note what was acknowledged here.", rich_help_panel=_LOAD)
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the figures to this file.", rich_help_panel=_LOAD)
    ] = None,
) -> None:
    """Let a city's devices speak, or load a broker with them."""
    try:
        for name, file in (("--truth", truth), ("--registry-out", registry_out), ("--out", out)):
            check_writable(name, file)
        check_writable("--json", json)
        address = _broker(
            mqtt_host=mqtt_host,
            mqtt_port=mqtt_port,
            mqtt_user=mqtt_user,
            mqtt_password=password_in("--mqtt-password-file", mqtt_password_file),
        )
        if rate is not None:
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
            _load(options, address, city, seed, json)
            return
        from_ms = SystemClock().now_ms()
        if begin is not None:
            from_ms = moment_ms("--from", begin, find_place(city).city.zone)
        plan = SimulationPlan(
            city=city,
            devices=devices,
            seed=seed,
            scenario=scenario,
            from_ms=from_ms,
            to_ms=_end_ms(from_ms, run_for, is_file=out is not None),
            speed=speed_of("--speed", speed or ("1" if out is None else "max")),
            interval_s=None if interval is None else _positive("--interval", interval),
            disorder=_disorder(disorder),
        )
        _speak(
            plan,
            address,
            out=out,
            registry_out=registry_out,
            programmes_out=programmes_out,
            truth=truth,
        )
    except ValidationError as error:
        raise SystemExit(f"ioc simulate: {wrong_settings(error)}") from None
    except (StartError, LoadError) as error:
        raise SystemExit(f"ioc simulate: {error}") from None


def _speak(
    plan: SimulationPlan,
    address: BrokerAddress,
    *,
    out: Path | None,
    registry_out: Path | None,
    programmes_out: Path | None,
    truth: Path | None,
) -> None:
    """Let a city speak as planned, and write what is asked for."""
    console = Console(stderr=True)
    run = prepare(plan)
    if registry_out is not None:
        run.write_registry(registry_out)
    if programmes_out is not None:
        run.write_programmes(programmes_out)
    sink = file_sink(out) if out is not None else broker_sink(address, f"ioc-simulate-{plan.seed}")
    outcome = asyncio.run(play_on_screen(run, sink, console))
    if truth is not None:
        run.write_truth(truth)
    console.print(sentence(run, outcome), highlight=False, soft_wrap=True)


def _load(options: LoadOptions, address: BrokerAddress, city: str, seed: int, json: Path | None) -> None:
    """Drive a broker as hard as is asked."""
    console = Console()
    plan = options.plan(address)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with console.status("making messages"):
        messages = city_messages(city, options.devices, seed)
    report = run_load(plan, messages, console, stop.is_set)
    console.print(report.sentence())
    if json is not None:
        report.write_json(json)


def _broker(**given: Any) -> BrokerAddress:
    """The broker of the options, of the settings where they say nothing."""
    return load_settings(**given).broker


def _end_ms(from_ms: int, run_for: str | None, *, is_file: bool) -> int | None:
    if run_for is not None:
        return from_ms + milliseconds(_positive("--for", run_for))
    if is_file:
        raise StartError("--out needs --for: a file without an end fills the disk")
    return None


def _positive(name: str, text: str) -> float:
    value = seconds(name, text)
    if value <= 0:
        raise StartError(f"{name} is longer than nothing, got {text!r}")
    return value


def _disorder(items: list[str] | None) -> Disorder | None:
    """What `--disorder` says, on top of the defaults."""
    if not items:
        return None
    given = dict(item.partition("=")[::2] for item in items)
    try:
        return msgspec.convert(given, Disorder, strict=False)
    except msgspec.ValidationError as error:
        raise StartError(f"--disorder: {error}; it is written like --disorder late_share=0.02") from None
