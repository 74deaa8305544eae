"""The backends for telemetry; a new one is added here and has all of the contract to fulfil."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.duckdb_store import DuckdbTelemetryStore
from store.influx_store import InfluxTelemetryStore
from store.retention import KEPT_FOR_GOOD, Retention
from tests.store.contract import AnyStore, Backend


@pytest.fixture(params=["duckdb", pytest.param("influx", marks=pytest.mark.influx)])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """Opens the same store each time that it is called."""
    if request.param == "duckdb":
        folder = tmp_path / "telemetry"
        return lambda retention=KEPT_FOR_GOOD: DuckdbTelemetryStore(folder, retention)
    address = request.getfixturevalue("influx_bucket")

    def opened(retention: Retention = KEPT_FOR_GOOD) -> AnyStore:
        return InfluxTelemetryStore(address, retention)

    return opened


@pytest.fixture
def store(backend: Backend) -> Iterator[AnyStore]:
    opened = backend()
    yield opened
    opened.close()
