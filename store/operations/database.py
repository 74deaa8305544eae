"""The operations database: its engine, its schema and its transactions."""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import alembic.command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from store.operations.dialects import (
    WRITES,
    describe,
    engine_for,
    in_one_state,
    is_unavailable,
    lock_schema,
    make_private,
    take_turn,
    what_to_do,
)  # fmt: skip
from store.operations.errors import OperationsSetupError, OperationsUnavailableError

__all__ = ["DatabaseCondition", "OperationsDatabase", "migrate", "sqlite_url"]

_MIGRATIONS = Path(__file__).parent / "migrations"
# Alembic keeps its environment in module globals.
_MIGRATING = threading.Lock()


def sqlite_url(path: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite:///{path.absolute()}"


def migrate(url: str) -> None:
    """Bring a database to this program's schema, creating it where it is empty.

    Raises:
        OperationsSetupError: it cannot be opened for writing, or a newer program wrote it.
    """
    database = OperationsDatabase(url)
    try:
        database.migrate()
    finally:
        database.close()


@dataclass(frozen=True, kw_only=True)
class DatabaseCondition:
    """What a database is, and its schema's number; None where it has none. A server tells its clock (ms)."""

    server: str
    schema: str | None
    is_ours: bool
    is_older: bool
    clock_ms: int | None


class OperationsDatabase:
    """One operations database. Safe to share between threads; close it when done.

    Raises:
        OperationsSetupError: the URL cannot be understood, or names a database system that is not supported.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            self._engine = engine_for(parsed)
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
            raise OperationsSetupError(f"the operations URL cannot be used: {error}") from error
        self._shown = parsed.render_as_string(hide_password=True)
        self._guard: Callable[[Connection], None] | None = None

    @classmethod
    def open(cls, url: str) -> "OperationsDatabase":
        """A database that is reachable, writable and at this program's schema.

        Raises:
            OperationsSetupError: it is not, and cannot be made so.
        """
        database = cls(url)
        try:
            database.migrate()
        except BaseException:
            database.close()
            raise
        return database

    def guarded(self, guard: Callable[[Connection], None]) -> "OperationsDatabase":
        """The same database, whose writing transactions begin with `guard` and are undone if it raises.

        It shares the connections: closing one closes both.
        """
        other = copy.copy(self)
        other._guard = guard  # noqa: SLF001 - it is one of us
        return other

    def migrate(self, schema: str = "head") -> None:
        """Bring the schema to this program's, or only to an older one, in one transaction.

        Raises:
            OperationsSetupError: it cannot be opened for writing, or a newer program wrote it.
        """
        config = _alembic()
        make_private(self._engine.url)
        try:
            with _MIGRATING, self.write() as connection:
                lock_schema(connection)
                self._refuse_newer(connection, ScriptDirectory.from_config(config))
                config.attributes["connection"] = connection
                alembic.command.upgrade(config, schema)
        except (OperationsUnavailableError, ProgrammingError) as error:
            why = _in_one_line(error.orig) if isinstance(error, ProgrammingError) else error
            raise OperationsSetupError(
                f"the operations database {self._shown} cannot be opened for writing ({why}); "
                f"{what_to_do(self._engine.url)}"
            ) from error

    @staticmethod
    def schemas() -> list[str]:
        """The numbers of all schemas that this program knows, its own first."""
        return [script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()]

    def check(self) -> None:
        """Return when the database answers.

        Raises:
            OperationsUnavailableError: it does not.
        """
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def condition(self) -> "DatabaseCondition":
        """What it is and which schema it has; nothing is changed.

        Raises:
            OperationsUnavailableError: it does not answer.
        """
        known = ScriptDirectory.from_config(_alembic())
        ours = [script.revision for script in known.walk_revisions()]
        with self.read() as connection:
            server, clock_ms = describe(connection)
            schema = MigrationContext.configure(connection).get_current_revision()
        return DatabaseCondition(
            server=server,
            schema=schema,
            is_ours=schema == known.get_current_head(),
            is_older=schema in ours[1:],
            clock_ms=clock_ms,
        )

    def check_writable(self) -> None:
        """Return when a transaction could write; it is undone.

        Raises:
            OperationsUnavailableError: it could not.
        """
        with self.write() as connection:
            connection.execute(text("UPDATE counters SET value = value"))
            connection.rollback()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        with _unavailable_translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one state of the database in all its questions.

        Raises:
            OperationsUnavailableError: the database does not answer.
        """
        with _unavailable_translated(), self._engine.connect() as plain:
            connection = in_one_state(plain)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write: committed and durable when the block ends, undone if it raises.

        Raises:
            OperationsUnavailableError: nothing was written; or a server was lost during the commit, and all
                of it may be. What is repeated must bear both.
        """
        with _unavailable_translated(), self._engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                if self._guard is not None:
                    self._guard(connection)
                yield connection

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A block in which no other process changes the registry.

        Raises:
            OperationsUnavailableError: others take too long, or the database does not answer.
        """
        with _unavailable_translated(), self._engine.connect() as connection, connection.begin():
            take_turn(connection)
            yield

    def close(self) -> None:
        """Close every connection; idempotent."""
        self._engine.dispose()

    def _refuse_newer(self, connection: Connection, known: ScriptDirectory) -> None:
        schema = MigrationContext.configure(connection).get_current_revision()
        ours = [script.revision for script in known.walk_revisions()]
        if schema is not None and schema not in ours:
            raise OperationsSetupError(
                f"the operations database {self._shown} has schema {schema!r}, newer than "
                f"{known.get_current_head()!r} of this program; install the version that wrote it, "
                "or restore a backup"
            )


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


@contextmanager
def _unavailable_translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeoutError as error:
        raise OperationsUnavailableError(f"the operations database is too busy: {error}") from error
    except DBAPIError as error:
        if not is_unavailable(error):
            raise
        raise OperationsUnavailableError(
            f"the operations database does not serve: {_in_one_line(error.orig)}"
        ) from error


def _in_one_line(error: BaseException | None) -> str:
    # A server's driver adds lines: where in the statement, or every address that it tried.
    return str(error).partition("\nLINE ")[0].replace("\n", " ").strip()
