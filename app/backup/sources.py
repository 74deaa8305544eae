"""Where a dump comes from: a running service's API, or the stores that the settings name."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx

from app.data_directory import DataDirectory
from app.errors import StartError
from app.operations import open_operations
from app.settings import ServiceSettings
from app.telemetry import open_telemetry
from app.version import VERSION
from collector.errors import JournalUnusableError
from collector.journal import Consumer
from collector.sqlite_journal import SqliteJournal
from devices.clock import SystemClock
from store.backup.chunks import Backlog
from store.backup.dumping import dump
from store.backup.errors import DumpBrokenError
from store.backup.frames import Dump, unpacked
from store.operations.database import OperationsDatabase
from store.telemetry import TelemetryStore

__all__ = ["dump_at_rest", "dump_of_service", "opened_stores"]

_MEGABYTE = 1_048_576
_TIMEOUT_S = 600.0  # until the next hour is read, on a busy server
_PATH = "/v1/store/dump"


@contextmanager
def dump_of_service(url: str, key: str, transport: httpx.BaseTransport | None = None) -> Iterator[Dump]:
    """What a running service holds, to be read within the block.

    Raises:
        StartError: it does not answer, or refuses.
        DumpBrokenError: it broke off.
    """
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        with (
            httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT_S, transport=transport) as client,
            client.stream("POST", _PATH) as answer,
        ):
            if answer.is_error:
                raise StartError(f"the service refuses ({answer.status_code}): {_detail(answer)}")
            yield unpacked(answer.iter_bytes())
    except (httpx.RemoteProtocolError, httpx.ReadError) as error:
        raise DumpBrokenError(str(error)) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StartError(f"the service at {url!r} does not answer ({error}); give --url") from error


@contextmanager
def dump_at_rest(settings: ServiceSettings) -> Iterator[Dump]:
    """What the stores of the settings hold, while no service uses the data directory.

    Raises:
        StartError: they cannot be opened; where a service holds them, it says how to ask that one.
    """
    with opened_stores(settings) as (directory, database, store):
        backlog = _left(directory, settings)
        now_ms = SystemClock().now_ms()
        with dump(database, store, program=VERSION, now_ms=now_ms, backlog=backlog) as made:
            yield made


@contextmanager
def opened_stores(
    settings: ServiceSettings,
) -> Iterator[tuple[DataDirectory, OperationsDatabase, TelemetryStore]]:
    """Both stores, and the data directory held.

    Raises:
        StartError: they cannot be opened; where a service holds them, it says how to ask that one.
    """
    with ExitStack() as opened:
        try:
            directory = DataDirectory(settings.data_dir)
        except StartError as error:
            raise StartError(f"{error}; or ask that service: --url (IOC_API_URL) and --key") from error
        opened.callback(directory.release)
        database = open_operations(directory, settings)
        opened.callback(database.close)
        store = open_telemetry(directory, settings)
        opened.callback(store.close)
        yield directory, database, store


def _left(directory: DataDirectory, settings: ServiceSettings) -> Backlog:
    """What a stopped service left in its journal."""
    if not directory.journal.exists():
        return Backlog()
    try:
        journal = SqliteJournal(directory.journal, settings.journal_cap_mb * _MEGABYTE)
    except JournalUnusableError as error:
        return Backlog(unknown=f"the journal cannot be read: {error}")
    try:
        newest = journal.last_number()
        return Backlog(
            telemetry=newest - journal.position(Consumer.WRITER),
            operations=newest - journal.position(Consumer.DETECTION),
        )
    finally:
        journal.close()


def _detail(answer: httpx.Response) -> str:
    answer.read()
    try:
        return str(answer.json()["detail"])
    except (ValueError, LookupError, TypeError):
        return answer.text
