"""What a Grafana is to have of us, with the places and secrets of one installation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana.alerts import ALERTS, GROUP, INTERVAL_S, rule_of
from grafana.building import build_board, said
from grafana.catalogue import boards
from grafana.names import CONTACT_POINT, FOLDERS, OURS, Source, folder_uid

__all__ = ["Installation", "contact_point", "data_sources", "folders", "route", "rule_group", "wanted_boards"]


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Where the stores are, as Grafana reaches them, and who reads them.

    `contact` is the type and settings of the contact point for alerts about the platform; None makes none.
    """

    influx_url: str
    influx_bucket: str
    influx_token: str = field(repr=False)
    postgres_address: str
    postgres_database: str
    postgres_user: str
    postgres_password: str = field(repr=False)
    postgres_sslmode: str
    api_url: str
    languages: Sequence[str]
    contact: tuple[str, dict[str, Any]] | None = None


def data_sources(installation: Installation) -> list[dict[str, Any]]:
    """Both data sources as the API takes them."""
    telemetry, operations = Source.TELEMETRY.value, Source.OPERATIONS.value
    return [
        {
            "name": telemetry.title, "type": telemetry.type, "uid": telemetry.uid, "access": "proxy",
            "url": installation.influx_url, "isDefault": False,
            "jsonData": {
                "dbName": installation.influx_bucket, "httpMode": "POST", "httpHeaderName1": "Authorization",
            },
            "secureJsonData": {"httpHeaderValue1": f"Token {installation.influx_token}"},
        },
        {
            "name": operations.title, "type": operations.type, "uid": operations.uid, "access": "proxy",
            "url": installation.postgres_address, "user": installation.postgres_user, "isDefault": False,
            "database": installation.postgres_database,
            "jsonData": {
                "database": installation.postgres_database, "sslmode": installation.postgres_sslmode,
                "postgresVersion": 1300, "timescaledb": False, "maxOpenConns": 10,
            },
            "secureJsonData": {"password": installation.postgres_password},
        },
    ]  # fmt: skip


def folders(installation: Installation) -> dict[str, str]:
    """Titles of our folders by uid."""
    return {folder_uid(language): said(FOLDERS, language) for language in installation.languages}


def wanted_boards(installation: Installation) -> list[tuple[str, dict[str, Any]]]:
    """Every board in every language, with its folder."""
    return [
        (folder_uid(language), build_board(board, language, installation.api_url))
        for language in installation.languages
        for board in boards()
    ]


def rule_group(installation: Installation) -> dict[str, Any]:
    """The group of alert rules, in the first language."""
    language = installation.languages[0]
    return {
        "title": GROUP,
        "folderUid": folder_uid(language),
        "interval": INTERVAL_S,
        "rules": [rule_of(alert, language) for alert in ALERTS],
    }


def contact_point(installation: Installation) -> dict[str, Any] | None:
    """Whom Grafana tells of the platform's troubles; None where nobody was named."""
    if installation.contact is None:
        return None
    kind, settings = installation.contact
    return {
        "uid": CONTACT_POINT, "name": CONTACT_POINT, "type": kind, "settings": settings,
        "disableResolveMessage": False,
    }  # fmt: skip


def route() -> dict[str, Any]:
    """Where the policies send our alerts, and no others."""
    return {"receiver": CONTACT_POINT, "object_matchers": [["source", "=", OURS]]}
