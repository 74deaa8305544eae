"""Options that every command on the registry has."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["DATA", "Data", "DryRun", "Key", "Replace", "Url"]

DATA: Path | None = None
Url = Annotated[
    str | None,
    typer.Option("--url", envvar="IOC_API_URL", help="API of the running service: http://127.0.0.1:8080"),
]
Key = Annotated[
    str | None, typer.Option("--key", envvar="IOC_API_KEY", help="API key; prefer the environment variable.")
]
Data = Annotated[
    Path | None,
    typer.Option(help="Without --url: the data directory, if no service runs; default: the settings'."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and every bad line.")]
Replace = Annotated[bool, typer.Option("--replace", help="Remove what is not in the file.")]
