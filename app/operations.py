"""The operations store that the settings name: SQLite in the data directory, or a PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app.configuration import load_settings
from app.data_directory import DataDirectory
from app.errors import StartError
from app.settings import ServiceSettings
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.errors import OperationsSetupError

__all__ = ["open_operations", "operations_at_rest", "operations_database", "operations_url"]


def operations_url(file: Path, settings: ServiceSettings) -> str:
    """The URL of the operations store, with its password; the file's where the settings name no other.

    Raises:
        StartError: the URL is none, or the password file cannot be read.
    """
    if settings.operations_url is None:
        return sqlite_url(file)
    try:
        url = make_url(settings.operations_url.get_secret_value())
    except ArgumentError as error:
        raise StartError(
            "IOC_OPERATIONS_URL is no URL; write it like postgresql+psycopg://ioc@db.example/ioc"
        ) from error
    secret = settings.operations_password_file
    if secret is not None:
        try:
            url = url.set(password=secret.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(
                f"IOC_OPERATIONS_PASSWORD_FILE={str(secret)!r} cannot be read ({error})"
            ) from error
    return url.render_as_string(hide_password=False)


def open_operations(directory: DataDirectory, settings: ServiceSettings) -> OperationsDatabase:
    """The store, reachable, writable and at this program's schema.

    Raises:
        StartError: it is not, and cannot be made so.
    """
    return operations_database(directory.operations, settings)


def operations_database(file: Path, settings: ServiceSettings) -> OperationsDatabase:
    """The store as `open_operations` gives it; `file` where the settings name no server.

    Raises:
        StartError: it cannot be used, and cannot be made so.
    """
    try:
        return OperationsDatabase.open(operations_url(file, settings))
    except OperationsSetupError as error:
        raise StartError(str(error)) from error


@contextmanager
def operations_at_rest(data: Path | None) -> Iterator[OperationsDatabase]:
    """The store for a command while no service of this data directory runs.

    Raises:
        StartError: it cannot be opened, or a service holds the data directory.
    """
    settings = load_settings(data_dir=data)
    directory = DataDirectory(settings.data_dir)
    try:
        database = open_operations(directory, settings)
        try:
            yield database
        finally:
            database.close()
    finally:
        directory.release()
