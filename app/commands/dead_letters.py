"""`ioc dead-letters`: what broke a rule, and decoding it again after a fix. Asks the running service."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.asking import Key, Url, ask
from app.errors import StartError

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)

_PATH = "/v1/dead-letters"
_SHOWN_CHARACTERS = 120

Reason = Annotated[str | None, typer.Option(help="The rule that was broken, such as unknown_device.")]
Device = Annotated[str | None, typer.Option(help="Id of a device: a level of the topic.")]
Topic = Annotated[str | None, typer.Option(help="A part of the topic.")]
Since = Annotated[str | None, typer.Option("--from", help="Received from, such as 2026-11-24T00:00:00Z.")]
Until = Annotated[str | None, typer.Option("--to", help="Received before.")]


@COMMAND.callback(help="What broke a rule, and decoding it again after a fix.")
def _group() -> None:
    """What broke a rule, and decoding it again after a fix."""


@COMMAND.command("list")
def list_(
    url: Url = "http://127.0.0.1:8080",
    key: Key = "",
    reason: Reason = None,
    device: Device = None,
    topic: Topic = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 20,
    payload: Annotated[
        bool, typer.Option(help="The beginning of each payload; it may hold personal data.")
    ] = False,
) -> None:
    """Show the newest, and how many there are by reason."""
    wanted = _filter(reason, device, topic, since, until)
    try:
        counts = ask("GET", f"{url}{_PATH}/counts", key, params=wanted)
        page = ask("GET", f"{url}{_PATH}", key, params=wanted | {"limit": str(limit)})
    except StartError as error:
        raise SystemExit(f"ioc dead-letters list: {error}") from None
    table = Table("row", "received", "reason", "topic", "detail", "replay", box=None)
    for item in page["items"]:
        state = item["replay"] or ("" if item["replayable"] else "cut")
        cells = (item["received_at"], item["reason"], item["topic"], item["detail"])
        table.add_row(str(item["row"]), *cells, state)
        if payload:
            table.add_row("", "", "", item["payload"][:_SHOWN_CHARACTERS])
    screen = Console()
    screen.print(table, soft_wrap=not screen.is_terminal)
    shown = ", ".join(f"{name} {count}" for name, count in counts["by_reason"].items())
    typer.echo(f"{counts['total']} in all" + (f": {shown}" if shown else ""))


@COMMAND.command("replay")
def replay(
    rows: Annotated[list[int] | None, typer.Argument(help="Rows of letters; or else a filter.")] = None,
    url: Url = "http://127.0.0.1:8080",
    key: Key = "",
    reason: Reason = None,
    device: Device = None,
    topic: Topic = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 1_000,
) -> None:
    """Decode letters again as if they had just come; the list shows what became of them within seconds."""
    wanted = _filter(reason, device, topic, since, until)
    try:
        _check_choice(rows, wanted)
        for row in rows or ():
            letter = ask("POST", f"{url}{_PATH}/{row}/replay", key)
            typer.echo(f"{row}: {letter['replay']}")
        if wanted:
            answer = ask("POST", f"{url}{_PATH}/replay", key, json=wanted | {"limit": limit})
            typer.echo(f"{answer['requested']} are replayed, {answer['remaining']} more could be")
    except StartError as error:
        raise SystemExit(f"ioc dead-letters replay: {error}") from None


def _filter(*values: str | None) -> dict[str, str]:
    names = ("reason", "device", "topic", "from", "to")
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _check_choice(rows: list[int] | None, wanted: dict[str, str]) -> None:
    if bool(rows) == bool(wanted):
        raise StartError("give rows, or a filter such as --reason unknown_device, and not both")
