"""Options of a load: what was typed is checked first, and named."""

from pathlib import Path
from typing import Any

import pytest

from app.errors import StartError
from app.load_options import LoadOptions, city_messages
from app.mqtt import BrokerAddress
from simulators.load.plan import LoadPlan

BROKER = BrokerAddress(host="h", port=1, user="gateway", password="pw")


def plan(**given: Any) -> LoadPlan:
    typed: dict[str, Any] = {
        "rate": "max",
        "qos": 1,
        "devices": 100,
        "processes": 2,
        "connections": None,
        "count": None,
        "run_for": None,
        "ledger": None,
    }
    return LoadOptions(**(typed | given)).plan(BROKER)


def test_rate_is_max_or_a_number_a_second() -> None:
    assert plan().rate_per_s is None
    assert plan(rate="50000/s").rate_per_s == 50_000
    assert plan(rate="0.5/s").rate_per_s == 0.5


def test_duration_and_user_are_taken_over() -> None:
    made = plan(run_for="1m30s")
    assert (made.run_for_s, made.user, made.password) == (90.0, "gateway", "pw")


def test_devices_share_connections_or_have_their_own() -> None:
    assert plan().connections == 8
    assert plan(devices=5).connections == 5
    assert plan(connections="per-device").connections == 100
    assert plan(connections="1").processes == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rate": "fast"}, "--rate"),
        ({"rate": "0/s"}, "rate_per_s"),
        ({"connections": "many"}, "--connections"),
        ({"connections": "per-device", "devices": 5_001}, "5,000"),
        ({"run_for": "soon"}, "--for"),
        ({"ledger": Path("/nowhere/ledger")}, "--ledger"),
        ({"qos": 0, "ledger": Path("ledger")}, "ledger"),
    ],
)
def test_option_that_cannot_be_used_is_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(StartError, match=words):
        plan(**given)


def test_unknown_city_is_named() -> None:
    with pytest.raises(StartError, match="atlantis"):
        city_messages("atlantis", 20, 1)


def test_city_of_the_load_has_as_many_devices_as_asked_for() -> None:
    assert len(city_messages("tam-ky", 20, 1)) == 20
