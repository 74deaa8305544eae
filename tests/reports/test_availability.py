"""Availability counts each moment of each device once."""

import pytest

from reports.availability import availability
from reports.kpis import Period
from store.operations.outages import Outage

PERIOD = Period(from_ms=1_000, to_ms=2_000)


def out(device: str, from_ms: int, to_ms: int | None) -> Outage:
    return Outage(device=device, from_ms=from_ms, to_ms=to_ms)


@pytest.mark.parametrize(
    ("outages", "expected"),
    [
        ([], 1.0),
        ([out("a", 1_200, 1_300)], 0.95),
        ([out("a", 1_200, 1_300), out("a", 1_250, 1_400)], 0.9),
        ([out("a", 1_200, 1_400), out("a", 1_250, 1_300)], 0.9),
        ([out("a", 0, 1_100), out("b", 1_900, None)], 0.9),
        ([out("a", 0, None), out("b", 0, 9_999)], 0.0),
        ([out("elsewhere", 0, None)], 1.0),
    ],
)
def test_availability_is_the_share_of_time_without_outage(outages: list[Outage], expected: float) -> None:
    assert availability(outages, ["a", "b"], PERIOD) == pytest.approx(expected)


def test_availability_of_no_devices_is_unknown() -> None:
    assert availability([], [], PERIOD) is None
