"""`ioc broker`: the configuration of a production mosquitto."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import check_writable, seconds
from app.errors import StartError
from app.mosquitto.book import CredentialBook
from app.mosquitto.configuration import BrokerPlan, render_configuration
from app.mosquitto.sizing import QueuePlan
from app.settings import ServiceSettings
from devices.clock import SystemClock

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)

_WHO = "ioc broker config"
_GIGABYTE = 1_000_000_000


@COMMAND.callback(help="The configuration of a production mosquitto.")
def _group() -> None:
    """The configuration of a production mosquitto."""


@COMMAND.command("config")
def config(
    rate: Annotated[str, typer.Option(help="Messages a second of the whole city, such as 500/s.")] = "500/s",
    outage: Annotated[
        str, typer.Option(help="How long the collector may be away with nothing dropped, such as 10m or 4h.")
    ] = "10m",
    message_bytes: Annotated[
        int, typer.Option(min=20, max=65_536, help="Topic and payload of a usual message.")
    ] = 300,
    autosave: Annotated[
        str | None, typer.Option(help="Seconds between saves; default: as short as a full queue lets it be.")
    ] = None,
    memory: Annotated[
        float, typer.Option(min=0.01, help="Refuse a queue that would take more gigabytes of memory.")
    ] = 2.0,
    connections: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Devices connected at once.")
    ] = 10_000,
    devices_port: Annotated[int, typer.Option(min=1, max=65_535)] = BrokerPlan.devices_port,
    services_port: Annotated[int, typer.Option(min=1, max=65_535)] = BrokerPlan.services_port,
    services_address: Annotated[
        str,
        typer.Option(help="Where our own processes connect: this machine, or an address of their network."),
    ] = BrokerPlan.services_address,
    folder: Annotated[Path, typer.Option(help="Passwords and access lists.")] = BrokerPlan.folder,
    certificates: Annotated[
        Path, typer.Option(help="server.crt (with its chain) and server.key.")
    ] = BrokerPlan.certificates,
    data: Annotated[Path, typer.Option(help="Where mosquitto keeps sessions and queue.")] = BrokerPlan.data,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write mosquitto.conf here, and the access lists into --folder; default: the screen."
        ),
    ] = None,
) -> None:
    """Make mosquitto.conf, its queue sized for a rate and an outage, every line with its reason."""
    try:
        queue = _queue(rate, outage, message_bytes, autosave)
        _check(queue, memory)
        plan = BrokerPlan(
            queue=queue,
            folder=folder,
            certificates=certificates,
            data=data,
            devices_port=devices_port,
            services_port=services_port,
            services_address=services_address,
            connections=connections,
            receive_maximum=ServiceSettings.model_fields["batch_messages"].default * 2,
        )
        text = render_configuration(plan)
        if out is None:
            typer.echo(text, nl=False)
            return
        check_writable("--out", out)
        CredentialBook(folder, SystemClock(), _WHO).write_files()
        # Holds no secret, and mosquitto reads it again as its own user.
        out.write_text(text, encoding="utf-8")
    except StartError as error:
        raise SystemExit(f"ioc broker config: {error}") from None


def _queue(rate: str, outage: str, message_bytes: int, autosave: str | None) -> QueuePlan:
    autosave_s = None if autosave is None else round(seconds("--autosave", autosave))
    if autosave_s is not None and autosave_s < 1:
        raise StartError(f"--autosave must be at least a second, got {autosave!r}")
    queue = QueuePlan(
        rate_per_s=_per_second(rate),
        outage_s=seconds("--outage", outage),
        message_bytes=message_bytes,
        autosave_s=autosave_s,
    )
    if queue.messages < 1:
        raise StartError(f"--rate and --outage must be more than nothing, got {rate!r} and {outage!r}")
    return queue


def _per_second(rate: str) -> float:
    try:
        return float(rate.removesuffix("/s"))
    except ValueError:
        raise StartError(f"--rate is messages a second, such as 500/s, got {rate!r}") from None


def _check(queue: QueuePlan, memory_gb: float) -> None:
    """Refuse what the machine could not bear, and say what could be wanted otherwise."""
    needed_gb = queue.memory_bytes / _GIGABYTE
    if needed_gb > memory_gb:
        raise StartError(
            f"a full queue of {queue.messages:,} messages takes {needed_gb:.1f} GB of memory, allowed are"
            f" {memory_gb:g}; shorten --outage, or raise --memory where the machine has it"
        )
    if queue.is_saving_too_much:
        raise StartError(
            f"saving a full queue takes {queue.save_s:.1f} s, too long for --autosave {queue.interval_s}:"
            " the broker stands still meanwhile; leave --autosave away, or shorten --outage"
        )
