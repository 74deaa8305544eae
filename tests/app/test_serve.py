"""`ioc serve` answers what does not need a pipeline, also why a rule has found nothing."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from api.application import create_app
from api.auth import Role
from app.live_registry import LiveRegistry
from app.serve import shared_services
from app.settings import ServiceSettings
from app.shared import SharedStores
from devices.registry import Device, Registry
from rules.ruleset import LiveRules
from store.operations.database import OperationsDatabase, sqlite_url
from tests.api.support import NOW_MS, City, Client, client_of
from tests.store.operations.support import lamp_readings

LAMP = Device(id="TK-L-0001", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield City(database, Registry([LAMP]))
    database.close()


@pytest.fixture
def client(city: City) -> Iterator[Client]:
    stores = SimpleNamespace(operations=city.database, telemetry=city.telemetry)
    live = LiveRegistry(city.registry, ())
    services = shared_services(
        ServiceSettings(), cast("SharedStores", stores), live, LiveRules(), lambda: city.health
    )
    with client_of(create_app(services)) as client:
        yield client


def test_why_not_is_answered_by_a_process_that_does_not_detect(city: City, client: Client) -> None:
    moments = range(NOW_MS - 600_000, NOW_MS, 60_000)
    city.telemetry.write(
        lamp_readings(
            *(
                {"measured_at": at_ms, "received_at": at_ms, "seq": seq, "power_w": 30.0, "cmd_on": True}
                for seq, at_ms in enumerate(moments)
            )
        )
    )
    answer = client.get(
        "/v1/rules/lamp.out/why-not",
        city.tokens[Role.OPERATOR],
        params={"device": LAMP.id, "at": "2026-11-22T12:00:00Z"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["rule"]["id"] == "lamp.out"
    assert answer.json()["terms"]
