"""A city with one device of each kind, and a client of its API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.application import create_app
from devices.registry import Registry
from store.operations.database import OperationsDatabase, sqlite_url
from tests.api.support import City, Client, client_of


@pytest.fixture
def city(tmp_path: Path, registry: Registry) -> Iterator[City]:
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield City(database, registry)
    database.close()


@pytest.fixture
def client(city: City) -> Iterator[Client]:
    with client_of(create_app(city.services())) as client:
        yield client
