"""The operations suite runs on SQLite and on a real PostgreSQL: its own, or IOC_TEST_POSTGRES_URL's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.operations.database import OperationsDatabase, sqlite_url
from tests.postgres_server import PostgresServer, emptied, named_url, temporary_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "operations.db")
    elif (named := named_url()) is not None:
        yield emptied(named)
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        with temporary_database(server.url) as url:
            yield url


@pytest.fixture
def database(database_url: str) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(database_url)
    yield opened
    opened.close()
