"""`ioc notify`: who is told of incidents and how; try a route, and see what waits or died."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.commands.options import choice
from app.configuration import load_settings
from app.errors import StartError
from app.notify_trial import asked_of, send_test, staff_of, trial_rows
from app.notifying import Notifying, read_notifying
from app.operations import operations_at_rest
from app.registering.access import registry_access
from app.registering.options import DATA, Data, Key, Url
from app.registering.printing import consoles, refusals
from devices.catalogue import PASSIVE_KINDS, kinds
from devices.cities import load_city
from devices.clock import SystemClock
from rules.faults import Severity
from store.operations.outbox import Outbox, OutboxState

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
_console, _errors = consoles()
Config = Annotated[Path | None, typer.Option("--config", help="Settings file; default: IOC_CONFIG's.")]


@COMMAND.callback(help="Who is told of incidents and how; try a route, see what waits or died.")
def _group() -> None:
    """Who is told of incidents and how; try a route, see what waits or died."""


@COMMAND.command("test")
def send_one(
    route: Annotated[str, typer.Argument(help="Id of the route in the file of channels and routes.")],
    config: Config = None,
) -> None:
    """Send a test message now, on every channel of a route and of its escalation."""
    with refusals("notify test", _errors):
        notifying = _notifying(config)
        ids = [known.id for known in notifying.plan.routes]
        found = notifying.plan.routes[ids.index(choice("ROUTE", route, tuple(ids)))]
        city = load_city(load_settings(config).city)
    failed = False
    for channel, error in send_test(notifying.plan, found, city.zone.key, SystemClock().now_ms()):
        failed = failed or error is not None
        typer.echo(f"{channel}: {error or 'taken'}", err=error is not None)
    if failed:
        raise SystemExit(1)


@COMMAND.command("routes")
def who_is_told(
    area: Annotated[str, typer.Option(help="Of an incident in this ward.")] = "",
    kind: Annotated[str, typer.Option(help="Of an incident of this kind of device.")] = "",
    severity: Annotated[str, typer.Option(help="Of an incident this bad.")] = "major",
    at: Annotated[datetime | None, typer.Option(help="At this moment (UTC); default: now.")] = None,
    url: Url = None,
    key: Key = None,
    data: Data = DATA,
    config: Config = None,
) -> None:
    """Show who would be told now: each route, whether it tells at this moment, and through what.

    With --area and --kind: of an incident there.
    """
    with refusals("notify routes", _errors):
        known = (*kinds(), *PASSIVE_KINDS)
        asked = asked_of(
            area,
            choice("--kind", kind, known) if kind else "",
            choice("--severity", severity, tuple(Severity)),
        )
        notifying = _notifying(config)
        city = load_city(load_settings(config).city)
        with registry_access(url, key, data) as registry:
            staff = staff_of(registry, city.zone)
    moment = at.replace(tzinfo=UTC) if at is not None else datetime.now(UTC)
    at_ms = round(moment.timestamp() * 1000)
    table = Table("route", "told now", "why", "channels", "then, if nobody acknowledges", box=None)
    for row in trial_rows(notifying.plan, staff, asked, at_ms):
        table.add_row(*row)
    _console.print(f"{moment.astimezone(city.zone):%A %Y-%m-%d %H:%M} in {city.label.en}")
    _console.print(table)


@COMMAND.command("outbox")
def outbox(
    state: Annotated[str, typer.Option(help="waiting, sent or dead; default: all.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 20,
    data: Data = DATA,
) -> None:
    """Show the newest notifications, and how many there are by state."""
    with refusals("notify outbox", _errors):
        wanted = OutboxState(choice("--state", state, tuple(OutboxState))) if state else None
        with operations_at_rest(data) as database:
            box = Outbox(database)
            entries, figures = box.list(wanted, limit), box.figures()
    table = Table("key", "route", "channel", "reason", "state", "attempts", "error", box=None)
    for entry in entries:
        shown = (entry.key[:8], entry.route, entry.channel, entry.reason, entry.state.value)
        table.add_row(*shown, str(entry.attempts), entry.error or "")
    Console(soft_wrap=True).print(table)
    typer.echo(", ".join(f"{name.value} {figures.total(name)}" for name in OutboxState))


@COMMAND.command("retry")
def retry(data: Data = DATA) -> None:
    """Make every dead notification due again."""
    with refusals("notify retry", _errors), operations_at_rest(data) as database:
        count = Outbox(database).revive(SystemClock().now_ms())
    typer.echo(f"{count} due again")


def _notifying(config: Path | None) -> Notifying:
    """What the settings say.

    Raises:
        StartError: nobody is to be told.
    """
    notifying = read_notifying(load_settings(config))
    if notifying is None:
        raise StartError("IOC_NOTIFY_FILE names no file of channels and routes, so nobody is told")
    return notifying
