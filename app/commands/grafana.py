"""`ioc grafana`: what the operations centre's Grafana shows, and what it may read."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from app.commands.options import check_writable, choice, password_in, seconds
from app.configuration import load_settings
from app.errors import StartError
from app.grafana_check import Answer, Stores, check_board, summary
from app.grafana_push import SSL_MODES, PushOptions, contact_of, installation_of, write_wall_token
from app.operations import operations_url
from app.telemetry import influx_address
from grafana.asking import Window
from grafana.building import build_board
from grafana.catalogue import boards
from grafana.names import LANGUAGES
from grafana.provisioning import GENERATED, stale_files, write_files
from grafana.pushing.plan import plan
from grafana.pushing.remote import GrafanaError, Remote
from store.influxql import InfluxqlClient
from store.operations.database import OperationsDatabase
from store.operations.errors import OperationsSetupError
from store.operations.report_names import REPORT_ROLE, REPORT_VIEWS
from store.operations.report_role import make_report_role

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)


@COMMAND.callback(help="Grafana for the operations centre: what it shows, and what it may read.")
def _group() -> None:
    """Work with Grafana."""


@COMMAND.command("build")
def build(
    check: Annotated[bool, typer.Option("--check", help="Only see whether all are true.")] = False,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = GENERATED,
) -> None:
    """Write every dashboard as JSON, and the files with which a Grafana finds them at its start.

    The same program writes the same files: whoever changes a kind or a board commits what this writes.
    """
    if check:
        if stale := stale_files(out):
            raise SystemExit(f"ioc grafana build: {', '.join(stale)} would change; run: ioc grafana build")
        return
    changed = write_files(out)
    typer.echo(f"{out}: {len(changed)} files changed")


@COMMAND.command("check")
def check(
    since: Annotated[str, typer.Option(help="How far back the boards look, such as 24h or 7d.")] = "24h",
    language: Annotated[str, typer.Option(help="vi or en: which of the texts the questions bring.")] = "en",
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
) -> None:
    """Ask the InfluxDB and the PostgreSQL of the settings what every panel would ask them.

    Shows the panels without data, and fails where a store does not understand a question. Macros and
    variables are put in as Grafana does it; a variable has its first value, or all of them.
    """
    try:
        check_writable("--json", json)
        choice("--language", language, LANGUAGES)
        now_ms = int(time.time() * 1000)
        span_ms = int(seconds("--since", since) * 1000)
        window = Window(from_ms=now_ms - span_ms, to_ms=now_ms, step_s=max(60, span_ms // 1_000_000))
        with _stores() as stores:
            found = summary(_answers(stores, window, language))
    except (StartError, OperationsSetupError) as error:
        raise SystemExit(f"ioc grafana check: {error}") from None
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    for name in ("without_data", "failed"):
        for one in found[name]:
            typer.echo(
                f"{name.replace('_', ' ')}: {one['board']}: {one['panel']} {one.get('error', '')}".rstrip()
            )
    typer.echo(
        f"{found['panels']} panels, {found['with_data']} with data; {found['queries']} questions,"
        f" {found['queries_with_data']} with data, {len(found['failed'])} failed"
    )
    if found["failed"]:
        raise SystemExit(1)


@COMMAND.command("push")
def push(
    url: Annotated[str, typer.Option(help="The Grafana, such as https://grafana.example.")],
    token_file: Annotated[
        Path | None, typer.Option(help="File with a token of a service account of role Admin.")
    ] = None,
    token: Annotated[str | None, typer.Option(help="The token itself, where a file will not do.")] = None,
    influx_token_file: Annotated[
        Path | None, typer.Option(help="File with an InfluxDB token that only reads; default: the settings'.")
    ] = None,
    report_password_file: Annotated[
        Path | None, typer.Option(help="File with the password of the role of `ioc grafana role`.")
    ] = None,
    report_user: Annotated[str, typer.Option(help="That role's name.")] = REPORT_ROLE,
    influx_url: Annotated[
        str | None, typer.Option(help="InfluxDB as Grafana reaches it; default: the settings'.")
    ] = None,
    postgres: Annotated[
        str | None, typer.Option(help="PostgreSQL as Grafana reaches it, host:port; default: the settings'.")
    ] = None,
    sslmode: Annotated[str, typer.Option(help="disable, require, verify-ca or verify-full.")] = "require",
    api_url: Annotated[
        str | None, typer.Option(help="The API as browsers reach it; default: the setting public_url.")
    ] = None,
    language: Annotated[str, typer.Option(help="vi, en, or both; alert rules have the first.")] = "vi,en",
    contact_webhook: Annotated[
        str | None, typer.Option(help="Web hook that is told of the platform's own troubles.")
    ] = None,
    contact_email: Annotated[
        str | None, typer.Option(help="Addresses that are told instead, separated by ;.")
    ] = None,
    wall_token_file: Annotated[
        Path | None, typer.Option(help="Make a token of the viewers' service account and write it here.")
    ] = None,
    secrets: Annotated[bool, typer.Option("--secrets", help="Write data sources' secrets again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
) -> None:
    """Bring a running Grafana to what we build: data sources, folders, dashboards, alert rules, whom to tell.

    It may run at any time and does only what differs. It removes dashboards and alert rules of ours that this
    program no longer has, and touches nothing that is not ours.
    """
    try:
        check_writable("--wall-token-file", wall_token_file)
        given = PushOptions(
            influx_token=password_in("--influx-token-file", influx_token_file),
            report_password=password_in("--report-password-file", report_password_file),
            report_user=report_user,
            influx_url=influx_url,
            postgres=postgres,
            sslmode=choice("--sslmode", sslmode, SSL_MODES),
            api_url=api_url,
            languages=[choice("--language", one.strip(), LANGUAGES) for one in language.split(",")],
            contact=contact_of(contact_webhook, contact_email),
        )
        remote = Remote(url, token or str(password_in("--token-file", token_file) or ""))
        changes = 0
        for change in plan(remote, installation_of(load_settings(), given), with_secrets=secrets):
            changes += 1
            typer.echo(f"{change.action} {change.what} {change.name!r}")
            for line in change.diff:
                typer.echo(f"    {line}")
            if not dry_run:
                change.do()
        if wall_token_file is not None and not dry_run:
            write_wall_token(remote, wall_token_file)
    except (StartError, OperationsSetupError, GrafanaError) as error:
        raise SystemExit(f"ioc grafana push: {error}") from None
    typer.echo(f"{changes} changes{' to make' if dry_run else ''}")


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


@contextmanager
def _stores() -> Iterator[Stores]:
    """The two stores that the settings name.

    Raises:
        StartError: they name an embedded one, which Grafana cannot read.
        OperationsSetupError: the operations URL cannot be used.
    """
    settings = load_settings()
    address = influx_address(settings)
    if address is None or settings.operations_url is None:
        raise StartError(
            "Grafana reads an InfluxDB and a PostgreSQL: set IOC_INFLUX_URL and IOC_OPERATIONS_URL"
        )
    telemetry = InfluxqlClient(address)
    operations = OperationsDatabase(operations_url(settings.data_dir / "operations.db", settings))
    try:
        yield Stores(telemetry, operations)
    finally:
        telemetry.close()
        operations.close()


def _answers(stores: Stores, window: Window, language: str) -> list[Answer]:
    """The answers to all boards, with a bar that shows how far it is."""
    answers: list[Answer] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        every = boards()
        task = progress.add_task("asking", total=len(every))
        for board in every:
            progress.update(task, description=board.id)
            answers += check_board(build_board(board, language), stores, window)
            progress.advance(task)
    return answers
