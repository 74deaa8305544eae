"""The PostgreSQL that tests use: the one they are pointed at, or a cluster of their own.

`IOC_TEST_POSTGRES_URL` names a database that may be emptied. Otherwise the programs that `make servers` has
installed make a cluster in a temporary folder.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from benchmarks.postgres_process import PostgresServer, find_programs, own_postgres

__all__ = ["PostgresServer", "emptied", "named_url", "own_postgres", "temporary_database", "why_no_postgres"]


def named_url() -> str | None:
    """The database that the tests are pointed at."""
    return os.environ.get("IOC_TEST_POSTGRES_URL")


def why_no_postgres(*, own: bool = False) -> str | None:
    """Why there is no PostgreSQL to test with; None when there is one. `own`: one that may be stopped."""
    if (named_url() is not None and not own) or find_programs() is not None:
        return None
    return "no PostgreSQL: make servers, or name a database in IOC_TEST_POSTGRES_URL"


@contextmanager
def temporary_database(server: URL, options: str = "") -> Iterator[str]:
    """The URL of an empty database, gone with the block."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _execute(server, f"CREATE DATABASE {name} {options}")
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def emptied(url: str) -> str:
    """The database of that URL, with nothing in it."""
    _execute(make_url(url), "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return url


def _execute(url: URL, *statements: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
