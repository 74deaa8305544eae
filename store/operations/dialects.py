"""Everything that differs between SQLite and PostgreSQL; no other file of the store asks which one it is."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    String,
    Table,
    Text,
    bindparam,
    collate,
    column,
    create_engine,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from store.operations.errors import OperationsSetupError
from store.operations.postgres import DRIVER, connect_arguments, is_passing, refuse_unfit, without_nul

__all__ = [
    "WRITES", "Upsert", "bulk_upsert", "clock_ms", "describe", "engine_for", "in_byte_order", "in_one_state",
    "insert_or_skip", "is_unavailable", "lock_schema", "make_private", "sequences", "set_sequences",
    "take_turn", "upsert", "what_to_do",
]  # fmt: skip

WRITES = "ioc_writes"
"""Execution option of a connection whose transactions will write."""

Upsert = sqlite.Insert | postgresql.Insert

_BUSY_TIMEOUT_MS = 10_000
_POOL_CONNECTIONS = 8
_POOL_OVERFLOW = 40  # the web framework's thread pool may ask with all its threads at once
_SCHEMA_LOCK = 0x10C_7E1E
_REGISTRY_LOCK = 0x10C_7E1F
_KNOWN = frozenset({"sqlite", "postgresql"})


def engine_for(url: URL) -> Engine:
    """An engine set up for concurrent, durable use; nothing is connected yet.

    Raises:
        OperationsSetupError: the URL names another database system, or SQLite in memory.
    """
    if url.get_backend_name() not in _KNOWN:
        raise OperationsSetupError(
            f"operations are kept in SQLite or PostgreSQL, got {url.get_backend_name()!r}"
        )
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise OperationsSetupError(
            "operations must outlive the process: give SQLite a file, sqlite:////path/operations.db"
        )
    is_server = url.get_backend_name() == "postgresql"
    engine = create_engine(
        url.set(drivername=DRIVER) if is_server else url,
        connect_args=connect_arguments(url) if is_server else {},
        hide_parameters=True,  # parameters hold plates, and errors end in logs
        json_serializer=_to_json,
        json_deserializer=msgspec.json.decode,
        pool_size=_POOL_CONNECTIONS,
        max_overflow=_POOL_OVERFLOW,
        pool_pre_ping=is_server,
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", without_nul)
    return engine


def make_private(url: URL) -> None:
    """Create an SQLite file that nobody but the service's account can read: it holds plates.

    SQLite gives its journal files the same rights. What cannot be created, connecting will complain of.
    """
    if url.get_backend_name() == "sqlite" and url.database:
        with suppress(OSError):
            Path(url.database).touch(mode=0o600)


def upsert(
    connection: Connection,
    table: Table,
    *,
    key: Sequence[str],
    keep_newer_by: Sequence[str] = (),
    **values: Any,
) -> Upsert:
    """A statement that inserts rows, and overwrites those whose `key` exists.

    With `keep_newer_by`, a row is overwritten only by one that is at least as new by these columns, compared
    in their order. `values` replaces the plain overwriting of single columns.
    """
    statement = _insert(connection, table)
    new = statement.excluded
    overwritten: Mapping[str, Any] = {
        c.name: new[c.name] for c in table.columns if c.name not in key
    } | values
    newer: Any = None
    for name in reversed(keep_newer_by):
        same = new[name] >= table.c[name] if newer is None else (new[name] == table.c[name]) & newer
        newer = same if newer is None else (new[name] > table.c[name]) | same
    return statement.on_conflict_do_update(index_elements=list(key), set_=overwritten, where=newer)


def insert_or_skip(connection: Connection, table: Table, *, key: Sequence[str]) -> Upsert:
    """A statement that inserts rows, and leaves those whose `key` exists as they are."""
    return _insert(connection, table).on_conflict_do_nothing(index_elements=list(key))


def bulk_upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    keep_newer_by: Sequence[str] = (),
) -> None:
    """Insert many whole rows, or overwrite those whose `key` exists, as `upsert` says; in one statement.

    PostgreSQL gets a column as one array, in one round trip; SQLite prepares once and runs for each row.
    """
    if not rows:
        return
    statement = upsert(connection, table, key=key, keep_newer_by=keep_newer_by)
    if connection.dialect.name == "sqlite":
        connection.execute(statement, rows)
        return
    names = [c.name for c in table.columns]
    # Text, not the column's own length: a cast to a length would cut silently.
    types = [Text() if isinstance(c.type, String) else c.type for c in table.columns]
    arrays = [bindparam(name, type_=ARRAY(type_)) for name, type_ in zip(names, types, strict=True)]
    columns = [column(name, type_) for name, type_ in zip(names, types, strict=True)]
    given = func.unnest(*arrays).table_valued(*columns).render_derived()
    values = {name: [row[name] for row in rows] for name in names}
    connection.execute(statement.from_select(names, select(*given.c)), values)


def is_unavailable(error: DBAPIError) -> bool:
    """Whether an error says that the database cannot answer now, and does not blame the statement."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return is_passing(state)
    # The other subclasses blame the statement. The bare class says that the file is no database.
    return type(error) in {DatabaseError, InterfaceError, OperationalError}


def describe(connection: Connection) -> tuple[str, int | None]:
    """The name and version of the database, and its clock (epoch ms) where it is another machine's."""
    if connection.dialect.name == "sqlite":
        return f"SQLite {connection.exec_driver_sql('SELECT sqlite_version()').scalar_one()}", None
    version = connection.exec_driver_sql("SHOW server_version").scalar_one()
    clock_s = connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one()
    return f"PostgreSQL {version}", round(clock_s * 1000)


def clock_ms(connection: Connection) -> ColumnElement[int]:
    """The database's own time (epoch ms), at the moment it is asked in a statement."""
    on_sqlite = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
    on_server = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"
    return literal_column(on_sqlite if connection.dialect.name == "sqlite" else on_server, BigInteger)


def what_to_do(url: URL) -> str:
    """What a person sees to when a database cannot be opened."""
    if url.get_backend_name() == "sqlite":
        return "its folder must exist and belong to the service"
    return "the server must run and let the user in, who must own the database"


def lock_schema(connection: Connection) -> None:
    """Let only one process migrate at a time; released by the commit.

    SQLite needs nothing: a writing transaction is alone already.

    Raises:
        OperationsSetupError: the server is too old, or its database keeps no Unicode.
    """
    if connection.dialect.name == "postgresql":
        refuse_unfit(connection)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")


def take_turn(connection: Connection) -> None:
    """Wait until no other process changes the registry, and let none begin before the transaction ends.

    SQLite needs nothing: one process at a time has the data directory.
    """
    if connection.dialect.name == "postgresql":
        # What is read and checked meanwhile goes through other connections: this one is idle.
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_REGISTRY_LOCK})")


def in_one_state(connection: Connection) -> Connection:
    """The connection, whose next transaction sees one state of the database in all its questions."""
    if connection.dialect.name == "sqlite":
        return connection  # its transactions always do
    return connection.execution_options(isolation_level="REPEATABLE READ")


def in_byte_order(connection: Connection, column: Column[Any]) -> ColumnElement[Any]:
    """The column to sort by, texts by their bytes."""
    if connection.dialect.name == "sqlite" or not isinstance(column.type, String):
        return column
    return collate(column, "C")


def sequences(connection: Connection, tables: Sequence[Table]) -> dict[str, int]:
    """The last row number that each table has given out by itself; of those that ever did."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence").all()
        return {name: number for name, number in found if number}
    last = {
        name: connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()  # noqa: S608
        for name, sequence in _postgres_sequences(connection, tables)
    }
    return {name: number for name, (number, is_called) in last.items() if is_called}


def set_sequences(connection: Connection, tables: Sequence[Table], numbers: Mapping[str, int]) -> None:
    """Let each table go on numbering behind the number that it has here."""
    if connection.dialect.name == "sqlite":
        known = {table.name for table in tables}
        for name, number in numbers.items():
            if name in known:
                connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
                connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, number))
        return
    for name, sequence in _postgres_sequences(connection, tables):
        if name in numbers:
            connection.exec_driver_sql("SELECT setval(%s::regclass, %s)", (sequence, numbers[name]))


def _postgres_sequences(connection: Connection, tables: Sequence[Table]) -> Iterator[tuple[str, str]]:
    """The tables that number their rows, with the sequence by which they do."""
    for table in tables:
        for column_ in table.primary_key.columns:
            query = "SELECT pg_get_serial_sequence(%s, %s)"
            sequence = connection.exec_driver_sql(query, (table.name, column_.name)).scalar_one()
            if sequence is not None:
                yield table.name, sequence


def _insert(connection: Connection, table: Table) -> Upsert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _configure_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # The driver would begin transactions by its own rules, and never an immediate one.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
    finally:
        cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that read first and writes later fails at once when another wrote between; so writers
    # take the lock at the start and wait for it there.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _to_json(value: Any) -> str:
    # NaN becomes null, which both databases and every client understand.
    return msgspec.json.encode(value, enc_hook=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")
