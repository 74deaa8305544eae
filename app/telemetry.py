"""The telemetry store that the settings name: DuckDB in the data directory, or an InfluxDB."""

import resource

import structlog

from app.data_directory import DataDirectory
from app.errors import StartError
from app.settings import ServiceSettings
from collector.writer import WriterSettings
from devices.clock import Clock
from store.duckdb_format import refuse_older
from store.duckdb_store import DuckdbTelemetryStore
from store.influx_client import InfluxAddress
from store.influx_store import InfluxTelemetryStore
from store.resolutions import Resolution
from store.retention import Retention
from store.telemetry import TelemetrySetupError, TelemetryStore, TelemetryUnavailableError

__all__ = ["influx_address", "open_influx", "open_telemetry", "retention_of", "writer_settings"]

_log = structlog.get_logger(__name__)
_EMBEDDED_GATHER_S = 0.25
_SERVER_GATHER_S = 0.05
_SERVER_WRITES = 2


def open_telemetry(
    directory: DataDirectory, settings: ServiceSettings, clock: Clock | None = None
) -> TelemetryStore:
    """The store. An InfluxDB that is away now is no reason not to start: the journal keeps what comes.

    `clock` is that of the leader's jobs; with it a server is told once a minute what is to be summed up.

    Raises:
        StartError: it needs a person: a file of another format, a server that is no InfluxDB 2, a wrong
            token, buckets that are not there.
    """
    if settings.influx_url is not None:
        return open_influx(settings, clock)
    _allow_files()
    try:
        refuse_older(directory.telemetry)
        return DuckdbTelemetryStore(directory.telemetry, retention_of(settings))
    except TelemetryUnavailableError as error:
        raise StartError(str(error)) from error


def open_influx(settings: ServiceSettings, clock: Clock | None = None) -> TelemetryStore:
    """The InfluxDB that the settings name. One that is away now is no reason not to start.

    Raises:
        StartError: none is named, or it needs a person.
    """
    address = influx_address(settings)
    if address is None:
        raise StartError("telemetry on a server is needed: set IOC_INFLUX_URL")
    try:
        store = InfluxTelemetryStore(address, retention_of(settings), clock)
        try:
            store.check()
        except TelemetrySetupError:
            store.close()
            raise
        except TelemetryUnavailableError as error:
            _log.warning("telemetry_unavailable", why=str(error))
    except TelemetryUnavailableError as error:
        raise StartError(str(error)) from error
    return store


def influx_address(settings: ServiceSettings) -> InfluxAddress | None:
    """The InfluxDB that the settings name; None where they name none.

    Raises:
        StartError: its token is missing or cannot be read.
    """
    if settings.influx_url is None:
        return None
    return InfluxAddress(
        url=settings.influx_url,
        org=settings.influx_org,
        bucket=settings.influx_bucket,
        token=_token(settings),
        timeout_s=settings.influx_timeout_s,
    )


def retention_of(settings: ServiceSettings) -> Retention:
    """How long each resolution is kept, as the settings say."""
    days = {
        Resolution.RAW: settings.raw_days,
        Resolution.MINUTE: settings.minute_days,
        Resolution.HOUR: settings.hour_days,
    }
    return Retention(days, settings.kept_days)


def writer_settings(settings: ServiceSettings) -> WriterSettings:
    """How the store likes to be written: small writes cost an embedded one most, and it takes one at a time.

    A server can parse one kind while we format the next.
    """
    is_embedded = settings.influx_url is None
    return WriterSettings(
        gather_s=_EMBEDDED_GATHER_S if is_embedded else _SERVER_GATHER_S,
        sample_bytes=settings.max_payload_bytes,
        writes_at_once=1 if is_embedded else _SERVER_WRITES,
    )


def _allow_files() -> None:
    """As many open files as the system lets us: ten years of rollups are a thousand of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _token(settings: ServiceSettings) -> str:
    """The server's token.

    Raises:
        StartError: it is missing or cannot be read.
    """
    if settings.influx_token is not None:
        return settings.influx_token.get_secret_value()
    if settings.influx_token_file is None:
        raise StartError("IOC_INFLUX_URL is set; set IOC_INFLUX_TOKEN_FILE (or IOC_INFLUX_TOKEN) too")
    try:
        token = settings.influx_token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"IOC_INFLUX_TOKEN_FILE={str(settings.influx_token_file)!r}: {error}") from error
    if not token:
        raise StartError(f"IOC_INFLUX_TOKEN_FILE={str(settings.influx_token_file)!r} is empty")
    return token
