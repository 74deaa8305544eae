"""What every test may use: markers that mean what they say, and a small registry."""

import os

import pytest
from hypothesis import settings

from app.brokers import find_mosquitto
from devices.registry import Device, Registry

settings.register_profile("project", deadline=None)  # no timed tests: speed is measured in benchmarks/
settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a missing server, with the reason; in CI a missing server is a failure."""
    if find_mosquitto() is not None or os.environ.get("CI"):
        return
    skip = pytest.mark.skip(reason="mosquitto is not installed: make servers")
    for item in items:
        if item.get_closest_marker("mosquitto"):
            item.add_marker(skip)


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
