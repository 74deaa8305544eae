"""The backends for telemetry; a new one is added here and has all of the contract to fulfil."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from store.duckdb_store import DuckdbTelemetryStore
from store.influx_store import InfluxTelemetryStore
from store.retention import KEPT_FOR_GOOD, Retention
from tests.store.contract import MIDNIGHT, AnyStore, Backend, lamps


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


@pytest.fixture
def filled(store: AnyStore) -> AnyStore:
    """L0 in the hours 0 and 2, L2 (of the other area) in the hour 1; another kind of value in each."""
    minutes = [(0, 0, 10.0), (0, 30, 20.0), (0, 120, 60.0), (0, 150, 30.0), (2, 61, 7.0)]
    rows = [
        {"lamp": lamp, "ts": MIDNIGHT + minute * 60_000, "power_w": power_w, "switch_on_count": minute,
         "cmd_on": minute > 100, "power_state": "on" if minute else "off"}
        for lamp, minute, power_w in minutes
    ]  # fmt: skip
    store.write(lamps(*rows))
    return store
