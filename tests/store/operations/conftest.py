"""The operations suite runs on SQLite, and on the PostgreSQL that IOC_TEST_POSTGRES_URL names, if any.

PostgreSQL is no backend that the product promises yet; the suite is ready for it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.tables import metadata

POSTGRES_URL = os.environ.get("IOC_TEST_POSTGRES_URL")


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES_URL else [])])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite" or POSTGRES_URL is None:
        yield sqlite_url(tmp_path / "operations.db")
        return
    _empty(POSTGRES_URL)
    yield POSTGRES_URL
    _empty(POSTGRES_URL)


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
