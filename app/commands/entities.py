"""`ioc entities`: programmes, limits, calibrations, crews and what else holds from one day to another."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import check_writable, choice
from app.registering.access import registry_access
from app.registering.options import DATA, Data, DryRun, Key, Replace, Url
from app.registering.printing import consoles, refusals, show_import, show_problems
from devices.columns import LineProblem
from devices.entity_catalogue import entity_kinds
from store.operations.registrar import ImportMode

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
_console, _errors = consoles()
Kind = Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(entity_kinds())}.")]


@COMMAND.callback(help="Work with dated entities: programmes, limits, calibrations, crews and others.")
def _group() -> None:
    """Work with dated entities."""


@COMMAND.command("import")
def entities_import(
    kind: Kind,
    file: Annotated[Path, typer.Argument(help="CSV; docs/registry.md has the columns")],
    dry_run: DryRun = False,
    replace: Replace = False,
    url: Url = None,
    key: Key = None,
    data: Data = DATA,
) -> None:
    """Take in the entities of a file. One bad line, and nothing is changed."""
    with refusals("entities import", _errors):
        chosen = entity_kinds()[choice("KIND", kind, tuple(entity_kinds()))]
        content = file.read_bytes()
        mode = ImportMode(dry_run=dry_run, replace=replace)
        with registry_access(url, key, data) as registry, _console.status("importing"):
            view = registry.import_entities(chosen, content, mode)
    show_import(_console, view)
    show_problems(_errors, [LineProblem(**problem.model_dump()) for problem in view.problems])
    if view.problems:
        raise SystemExit(1)


@COMMAND.command("export")
def entities_export(
    kind: Kind,
    file: Annotated[Path, typer.Argument(help="Where to write the CSV")],
    url: Url = None,
    key: Key = None,
    data: Data = DATA,
) -> None:
    """Write all entities of a kind to a file. Importing it changes nothing."""
    with refusals("entities export", _errors):
        chosen = entity_kinds()[choice("KIND", kind, tuple(entity_kinds()))]
        check_writable("FILE", file)
        with registry_access(url, key, data) as registry:
            text = registry.export_entities(chosen)
        file.write_text(text, encoding="utf-8", newline="")
