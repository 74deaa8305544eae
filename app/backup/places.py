"""Where telemetry is copied from and to, as it is named at the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.data_directory import DataDirectory
from app.errors import StartError
from app.settings import ServiceSettings
from app.telemetry import influx_address, open_telemetry, retention_of
from store.backup.copying import BackupSource, Source, StoreSource
from store.backup.folder import open_backup
from store.influx_store import InfluxTelemetryStore
from store.telemetry import TelemetryStore, TelemetryUnavailableError

__all__ = ["GRAMMAR", "source_at", "store_at"]

GRAMMAR = "duckdb:DATA-DIRECTORY or influxdb+http://HOST:8086/ORG/BUCKET"
_DUCKDB = "duckdb:"
_INFLUXDB = "influxdb+"
_BACKUP = "backup:"


@contextmanager
def source_at(option: str, place: str, settings: ServiceSettings, token: Path | None) -> Iterator[Source]:
    """What can be copied from: a store, or a backup of one.

    Raises:
        StartError: the place cannot be understood or opened.
        BackupError: it is no whole backup.
    """
    if place.startswith(_BACKUP):
        yield BackupSource(open_backup(Path(place.removeprefix(_BACKUP))))
        return
    with store_at(option, place, settings, token, is_new=False) as store:
        yield StoreSource(store)


@contextmanager
def store_at(
    option: str, place: str, settings: ServiceSettings, token: Path | None, *, is_new: bool = True
) -> Iterator[TelemetryStore]:
    """The store at a place; an embedded one is made where it is not there, unless it must be.

    Raises:
        StartError: the place cannot be understood or opened.
    """
    if place.startswith(_INFLUXDB):
        store: TelemetryStore = _influx(option, place.removeprefix(_INFLUXDB), settings, token)
        release = None
    elif place.startswith(_DUCKDB):
        folder = Path(place.removeprefix(_DUCKDB))
        if not is_new and not folder.is_dir():
            raise StartError(f"{option}: there is no data directory {str(folder)!r}")
        directory = DataDirectory(folder)
        release = directory.release
        store = open_telemetry(directory, settings.model_copy(update={"influx_url": None}))
    else:
        raise StartError(f"{option} is {GRAMMAR}, got {place!r}")
    try:
        yield store
    finally:
        store.close()
        if release is not None:
            release()


def _influx(option: str, url: str, settings: ServiceSettings, token: Path | None) -> InfluxTelemetryStore:
    """The store in a bucket.

    Raises:
        StartError: the URL names none, or the server cannot be used.
    """
    server, _, bucket = url.rpartition("/")
    server, _, org = server.rpartition("/")
    if not (bucket and org and server.startswith(("http://", "https://"))):
        raise StartError(f"{option} is {GRAMMAR}, got {_INFLUXDB + url!r}")
    own = {"influx_url": server, "influx_org": org, "influx_bucket": bucket}
    if token is not None:
        own |= {"influx_token": None, "influx_token_file": token}  # type: ignore[dict-item]
    address = influx_address(settings.model_copy(update=own))
    if address is None:
        raise StartError(f"{option}: no server in {url!r}")
    store = InfluxTelemetryStore(address, retention_of(settings))
    try:
        store.check()
    except TelemetryUnavailableError as error:
        store.close()
        raise StartError(f"{option}: {error}") from error
    return store
