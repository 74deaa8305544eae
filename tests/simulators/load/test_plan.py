"""A plan that cannot be meant is refused before anything is started."""

from pathlib import Path
from typing import Any

import pytest

from simulators.load.errors import LoadError
from simulators.load.fleet import LoadFleet
from simulators.load.plan import LoadPlan
from tests.simulators.load.support import devices


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"qos": 2}, "QoS"),
        ({"qos": 0, "ledger": Path("l")}, "ledger"),
        ({"processes": 9, "connections": 8}, "processes"),
        ({"processes": 0}, "processes"),
        ({"connections": 5_001}, "5,000"),
        ({"rate_per_s": 0.0}, "rate_per_s"),
        ({"count": -1}, "count"),
        ({"run_for_s": 0}, "run_for_s"),
    ],
)
def test_plan_with_a_wrong_value_is_refused_by_name(given: dict[str, Any], words: str) -> None:
    with pytest.raises(LoadError, match=words):
        LoadPlan(host="h", port=1, **given)


def test_fleet_with_more_connections_than_devices_is_refused() -> None:
    with pytest.raises(LoadError, match="3 devices"):
        LoadFleet(LoadPlan(host="h", port=1), devices(3))


def test_connections_and_messages_are_dealt_out_completely() -> None:
    plan = LoadPlan(host="h", port=1, processes=3, connections=8, count=21)
    dealt = [number for process in range(3) for number in plan.connections_of(process)]
    assert sorted(dealt) == list(range(8))
    assert sum(plan.count_of(number) or 0 for number in range(8)) == 21
