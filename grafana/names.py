"""Names that Grafana and we share: data sources, folders, boards, and the mark of what is ours."""

from dataclasses import dataclass
from enum import Enum

from devices.description import Label

__all__ = [
    "CONTACT_POINT",
    "FOLDERS",
    "LANGUAGES",
    "OURS",
    "SERVICE_ACCOUNT",
    "Source",
    "board_uid",
    "folder_uid",
]

OURS = "ioc-telemetry"
"""The tag of every board that we own, and the label of every alert rule."""
LANGUAGES = ("vi", "en")
CONTACT_POINT = "ioc-telemetry"
SERVICE_ACCOUNT = "ioc-telemetry-viewer"
FOLDERS = Label(vi="Trung tâm điều hành (IOC)", en="Operations centre (IOC)")


@dataclass(frozen=True)
class _DataSource:
    type: str
    uid: str
    title: str


class Source(Enum):
    """A data source that every Grafana has built in."""

    # Grafana 11 calls it grafana-postgresql-datasource and still knows this name; 9.4 knows no other.
    OPERATIONS = _DataSource("postgres", "ioc-operations", "IOC operations (PostgreSQL)")
    TELEMETRY = _DataSource("influxdb", "ioc-telemetry", "IOC telemetry (InfluxDB)")


def board_uid(board: str, language: str) -> str:
    """A board's uid, the same in every Grafana."""
    return f"ioc-{language}-{board}"


def folder_uid(language: str) -> str:
    """The folder of a language's boards."""
    return f"ioc-{language}"
