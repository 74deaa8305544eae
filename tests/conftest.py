"""What every test may use: markers that mean what they say, and a small registry."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings

from app.brokers import find_mosquitto
from devices.registry import Device, Registry
from store.influx_client import InfluxAddress
from tests.influx_server import running_influx, temporary_bucket, why_no_influx
from tests.postgres_server import PostgresServer, own_postgres, why_no_postgres

settings.register_profile("project", deadline=None)  # no timed tests: speed is measured in benchmarks/
settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a missing server, with the reason; in CI a missing server is a failure."""
    if os.environ.get("CI"):
        return
    no_mosquitto = None if find_mosquitto() else "mosquitto is not installed: make servers"
    no_promtool = None if shutil.which("promtool") else "promtool is not installed: make servers"
    for marker, why in (
        ("mosquitto", no_mosquitto),
        ("promtool", no_promtool),
        ("influx", why_no_influx()),
        ("postgres", why_no_postgres()),
        ("own_postgres", why_no_postgres(own=True)),
    ):
        for item in items:
            if why is not None and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxAddress]:
    """A real InfluxDB 2; tests make buckets of their own in it."""
    with running_influx(tmp_path_factory.mktemp("influx") / "data") as address:
        yield address


@pytest.fixture
def influx_bucket(influx_server: InfluxAddress) -> Iterator[InfluxAddress]:
    """A bucket that is this test's alone."""
    with temporary_bucket(influx_server) as address:
        yield address


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL of the tests' own; whoever stops it starts it again."""
    with own_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio."""
    return "asyncio"


@pytest.fixture
def registry() -> Registry:
    """One device of each kind, in one ward."""
    return Registry(
        [
            Device(id="TK-C-01", kind="lighting-cabinet", area="tam-ky", interval_s=60.0),
            Device(id="TK-L-0001", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0}),
            Device(id="TK-L-0002", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0}),
            Device(id="TK-W-001", kind="wifi-ap", area="ban-thach"),
            Device(id="TK-S-001", kind="loudspeaker", area="ban-thach"),
            Device(id="TK-T-001", kind="traffic-camera", area="tam-ky"),
        ]
    )
