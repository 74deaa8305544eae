"""The stores that several processes share: servers, never files of one machine."""

from contextlib import ExitStack
from pathlib import Path

from app.errors import StartError
from app.operations import operations_database
from app.settings import ServiceSettings
from app.telemetry import open_influx

__all__ = ["SharedStores", "refuse_embedded"]


def refuse_embedded(settings: ServiceSettings, command: str) -> None:
    """Return when both stores are servers.

    Raises:
        StartError: one is a file, which has one writer.
    """
    missing = []
    if settings.operations_url is None:
        missing.append("operations are in SQLite: name a PostgreSQL in IOC_OPERATIONS_URL")
    elif settings.operations_url.get_secret_value().startswith("sqlite"):
        missing.append("IOC_OPERATIONS_URL names an SQLite file: name a PostgreSQL")
    if settings.influx_url is None:
        missing.append("telemetry is in DuckDB: name an InfluxDB in IOC_INFLUX_URL")
    if missing:
        raise StartError(
            f"{command} is one of several processes, and SQLite and DuckDB have one writer; "
            f"{'; '.join(missing)}; or use ioc run, which is all processes in one"
        )


class SharedStores:
    """The operations and the telemetry store of a process that keeps nothing on its own machine.

    Raises:
        StartError: one of them is a file, or cannot be opened.
    """

    def __init__(self, settings: ServiceSettings, command: str) -> None:
        refuse_embedded(settings, command)
        with ExitStack() as opened:
            self.operations = operations_database(Path(), settings)
            opened.callback(self.operations.close)
            self.telemetry = open_influx(settings)
            opened.callback(self.telemetry.close)
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close them; idempotent."""
        self._opened.close()
