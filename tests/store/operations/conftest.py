"""The operations suite runs on SQLite, and on the PostgreSQL database that IOC_TEST_POSTGRES_URL names."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.tables import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "operations.db")
        return
    url = os.environ.get("IOC_TEST_POSTGRES_URL")
    if url is None:
        pytest.skip("no PostgreSQL to test on: set IOC_TEST_POSTGRES_URL to an empty database")
    _empty(url)
    yield url
    _empty(url)


@pytest.fixture
def database(database_url: str) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(database_url)
    yield opened
    opened.close()


def _empty(url: str) -> None:
    database = OperationsDatabase(url)
    with database.write() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    database.close()
