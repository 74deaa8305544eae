"""What `ioc grafana push` is told, joined with the settings into one installation."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from app.errors import StartError
from app.operations import operations_url
from app.settings import ServiceSettings
from app.telemetry import influx_address
from grafana.building import DEFAULT_API
from grafana.names import SERVICE_ACCOUNT
from grafana.pushing.plan import SERVICE_ROLE
from grafana.pushing.remote import GrafanaError, Remote
from grafana.pushing.wanted import Installation

__all__ = ["SSL_MODES", "PushOptions", "contact_of", "installation_of", "write_wall_token"]

SSL_MODES = ("disable", "require", "verify-ca", "verify-full")
_PORT = 5432


@dataclass(frozen=True, kw_only=True)
class PushOptions:
    """The command line; None is what the settings say."""

    influx_token: str | None = field(repr=False)
    report_password: str | None = field(repr=False)
    report_user: str
    influx_url: str | None
    postgres: str | None
    sslmode: str
    api_url: str | None
    languages: Sequence[str]
    contact: tuple[str, dict[str, Any]] | None


def installation_of(settings: ServiceSettings, given: PushOptions) -> Installation:
    """What Grafana is told of this installation.

    Raises:
        StartError: the settings name embedded stores, or a secret is missing.
    """
    address = influx_address(settings)
    if address is None or settings.operations_url is None:
        raise StartError(
            "Grafana reads an InfluxDB and a PostgreSQL: set IOC_INFLUX_URL and IOC_OPERATIONS_URL"
        )
    if given.report_password is None:
        raise StartError(
            "Grafana reads PostgreSQL by a role of its own: make it with ioc grafana role, and give"
            " --report-password-file"
        )
    database = make_url(operations_url(settings.data_dir / "operations.db", settings))
    return Installation(
        influx_url=given.influx_url or address.url,
        influx_bucket=address.bucket,
        influx_token=given.influx_token or address.token,
        postgres_address=given.postgres or f"{database.host}:{database.port or _PORT}",
        postgres_database=str(database.database),
        postgres_user=given.report_user,
        postgres_password=given.report_password,
        postgres_sslmode=given.sslmode,
        api_url=(given.api_url or settings.public_url or DEFAULT_API).rstrip("/"),
        languages=given.languages,
        contact=given.contact,
    )


def contact_of(webhook: str | None, email: str | None) -> tuple[str, dict[str, Any]] | None:
    """Type and settings of the contact point; None where nobody is named.

    Raises:
        StartError: two are named.
    """
    if webhook is not None and email is not None:
        raise StartError(
            "--contact-webhook and --contact-email exclude each other: one contact point is ours"
        )
    if webhook is not None:
        return "webhook", {"url": webhook, "httpMethod": "POST"}
    return None if email is None else ("email", {"addresses": email})


def write_wall_token(remote: Remote, file: Path) -> None:
    """Write a new token of the viewers' service account, for screens on the wall, for our account alone.

    Raises:
        GrafanaError: Grafana does not make one, or it would open more than boards.
    """
    account = remote.service_account(SERVICE_ACCOUNT)
    if account is None:
        return
    if account.get("role") != SERVICE_ROLE:
        raise GrafanaError(
            f"the service account {SERVICE_ACCOUNT!r} has the role {account.get('role')!r}, and a screen on"
            f" the wall needs {SERVICE_ROLE!r} alone; change it in Grafana"
        )
    token = remote.create_token(int(account["id"]), f"wall {datetime.now(UTC):%Y-%m-%d %H:%M:%S}")
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:  # noqa: PTH123 - os.open gives the rights
        out.write(f"{token}\n")
