"""What the command line shows of imports, devices and pending devices."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from api.models.registering import ImportView, PendingView
from app.errors import StartError
from devices.columns import LineProblem
from devices.device import Device
from store.operations.errors import OperationsError, RegisteringRefusedError

__all__ = ["consoles", "device_table", "pending_table", "refusals", "show_import", "show_problems"]

_SHOWN = 20
_PIPE_WIDTH = 240


def consoles() -> tuple[Console, Console]:
    """Where results go, and where what is wrong goes; files and pipes get whole lines."""
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    return Console(width=width), Console(stderr=True, width=width)


@contextmanager
def refusals(command: str, errors: Console) -> Iterator[None]:
    """End the command with one sentence, or with every bad line, where something is refused."""
    try:
        yield
    except RegisteringRefusedError as error:
        show_problems(errors, error.problems)
        raise SystemExit(f"ioc {command}: nothing was changed") from None
    except (StartError, OperationsError, OSError) as error:
        raise SystemExit(f"ioc {command}: {error}") from None


def show_problems(console: Console, problems: Iterable[LineProblem]) -> None:
    """Every bad line, one a line."""
    for problem in problems:
        console.print(str(problem), markup=False, highlight=False, soft_wrap=True)


def show_import(console: Console, view: ImportView) -> None:
    """What an import did or would do; of long lists the beginning. Nothing where a line is bad."""
    if view.problems:
        console.print("nothing would be changed")
        return
    would = "would be " if view.dry_run else ""
    changed = [f"{key} ({', '.join(columns)})" for key, columns in view.changed.items()]
    for word, listed in (("added", view.added), ("changed", changed), ("removed", view.removed)):
        console.print(f"{len(listed)} {would}{word}{_beginning(listed)}", markup=False, soft_wrap=True)
    console.print(f"{view.unchanged} unchanged")


def device_table(devices: Sequence[Device]) -> Table:
    """Devices as a table."""
    table = Table("id", "kind", "area", "name", "life", "powered by", "uplink", box=None)
    for device in devices:
        power = device.powered_by.parent if device.powered_by else ""
        table.add_row(
            device.id, device.kind, device.area, device.name, device.life, power, device.uplink or ""
        )
    return table


def pending_table(pending: Sequence[PendingView]) -> Table:
    """Pending devices as a table."""
    table = Table("id", "identity", "kind", "topic", "messages", "first seen", "last seen", box=None)
    for device in pending:
        table.add_row(
            str(device.id),
            device.identity,
            device.guessed_kind or "",
            device.topic,
            str(device.count),
            device.first_seen,
            device.last_seen,
        )
    return table


def _beginning(listed: Sequence[str]) -> str:
    if not listed:
        return ""
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return f": {', '.join(listed[:_SHOWN])}{more}"
