"""`ioc grafana`: what the operations centre's Grafana shows, and what it may read."""

from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import password_in
from app.configuration import load_settings
from app.errors import StartError
from app.operations import operations_url
from store.operations.errors import OperationsSetupError
from store.operations.report_role import REPORT_ROLE, REPORT_VIEWS, make_report_role

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)


@COMMAND.callback(help="Grafana for the operations centre: what it shows, and what it may read.")
def _group() -> None:
    """Work with Grafana."""


@COMMAND.command("role")
def role(
    password_file: Annotated[Path, typer.Option(help="File whose first line is the role's password.")],
    name: Annotated[str, typer.Option(help="The role's name.")] = REPORT_ROLE,
) -> None:
    """Make the PostgreSQL role with which Grafana reads the views of the schema `report`, and nothing else.

    It is made in the PostgreSQL that IOC_OPERATIONS_URL names, whose user must be allowed to make roles, once
    the service has started there. It may run again, to change the password.
    """
    try:
        password = password_in("--password-file", password_file)
        settings = load_settings()
        url = operations_url(settings.data_dir / "operations.db", settings)
        make_report_role(url, str(password), name)
    except (StartError, OperationsSetupError) as error:
        raise SystemExit(f"ioc grafana role: {error}") from None
    typer.echo(f"role {name!r} may read {', '.join(f'report.{view}' for view in REPORT_VIEWS)}")
