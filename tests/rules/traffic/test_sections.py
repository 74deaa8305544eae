"""Ways through a section of 1,000 m at 50 km/h: joined in whatever order their passages come."""

from datetime import date
from itertools import permutations
from types import MappingProxyType
from typing import Any

import polars as pl
import pytest

from devices.entities.road_sections import RoadSection
from devices.registry import Device
from devices.stream import EventBatch
from rules.loading import load_rules
from rules.traffic.sections import Sections
from rules.violations import ViolationSuspected, violation_id
from tests.rules.detection.support import CITY, START_MS, Bench, passage

_RULES = [rule for rule in load_rules() if rule.id == "camera.section_speed"]
_SECTION = RoadSection(
    id="s1",
    from_device="gate-in",
    to_device="gate-out",
    length_m=1000.0,
    limit_kmh=50.0,
    mpe_kmh=2.0,
    document="P.127",
    certificate="C-1",
    valid_from=date(2026, 1, 1),
)
_CALIBRATED = MappingProxyType({"calibrated_from": "2026-01-01", "calibrated_until": "2026-12-31"})


def _bench(section: RoadSection = _SECTION) -> Bench:
    gates = [
        Device(id=name, kind="traffic-camera", area="tam-ky", attributes=_CALIBRATED)
        for name in ("gate-in", "gate-out")
    ]
    return Bench(_RULES, gates, [section])


def _seen(event: str, at_s: float, device: str, plate: str = "92A-123.45", **more: Any) -> EventBatch:
    vehicle = {"vehicle_class": "car", "plate": plate, "plate_confidence": 0.95} | more
    return passage(event, round(at_s * 1000), [vehicle], device)


def test_way_through_a_section_tells_both_ends() -> None:
    bench = _bench()
    assert bench.feed(_seen("a", 0, "gate-in")) == []
    (found,) = bench.feed(_seen("b", 40, "gate-out"))

    assert isinstance(found, ViolationSuspected)
    assert found.id == violation_id("camera.section_speed", "gate-out", "b", 0)
    assert (found.device, found.occurred_at_ms, found.type) == (
        "gate-out",
        START_MS + 40_000,
        "section_speed",
    )
    assert found.measured["section"] == {
        "id": "s1", "length_m": 1000.0, "entered_at_ms": START_MS, "left_at_ms": START_MS + 40_000,
        "entry_device": "gate-in", "entry_event": "a", "certificate": "C-1",
    }  # fmt: skip
    numbers = ("speed_kmh", "limit_kmh", "mpe_kmh", "excess_kmh")
    assert [found.measured[name] for name in numbers] == [90.0, 50.0, 2.0, 38.0]
    assert found.measured["fine"]["article"] == "6.7.a"
    assert len(found.images) == 4
    assert "123.45" not in str(found.measured)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_order_of_arrival_and_repetition_change_nothing(order: tuple[int, ...]) -> None:
    told = [
        _seen("a", 0, "gate-in"),
        _seen("b", 40, "gate-out"),
        _seen("c", 10, "gate-in", "43A-678.90"),
        _seen("d", 60, "gate-out", "43A-678.90"),
    ]
    bench = _bench()
    for number in (*order, *order):
        bench.feed(told[number])

    suspected = [one for one in bench.changes if isinstance(one, ViolationSuspected)]
    found = {(one.event, one.measured["excess_kmh"]) for one in suspected}
    assert (len(bench.changes), found) == (2, {("b", 38.0), ("d", 20.0)})


def test_slow_way_is_none_and_memory_is_not_what_a_restart_keeps() -> None:
    bench = _bench()
    bench.feed(_seen("a", 0, "gate-in"))
    assert bench.feed(_seen("b", 70, "gate-out")) == []
    bench.feed(_seen("c", 100, "gate-in", "43A-678.90"))
    assert all(b"678" not in blob for blob in bench.snapshot.devices.values())
    bench.restart()
    assert bench.feed(_seen("d", 140, "gate-out", "43A-678.90")) == []


def test_section_of_a_class_is_for_that_class_and_in_its_days() -> None:
    trucks = RoadSection(**{**_SECTION.__dict__, "vehicle_class": "truck", "valid_to": date(2026, 11, 18)})
    bench = _bench(trucks)
    for number, (vehicle_class, day) in enumerate((("car", 0), ("truck", 0), ("truck", 1))):
        at_s = day * 86_400 + number * 1000
        bench.feed(_seen(f"in-{number}", at_s, "gate-in", vehicle_class=vehicle_class))
        bench.feed(_seen(f"out-{number}", at_s + 40, "gate-out", vehicle_class=vehicle_class))

    assert [one.event for one in bench.changes if isinstance(one, ViolationSuspected)] == ["out-1"]


def test_section_to_an_unknown_camera_concerns_nobody() -> None:
    bench = _bench(RoadSection(**{**_SECTION.__dict__, "to_device": "nowhere"}))
    fleet = bench.engine.lane("traffic-camera").fleet
    assert not Sections([RoadSection(**{**_SECTION.__dict__, "to_device": "nowhere"})], fleet, CITY.zone)
    assert bench.feed(_seen("a", 0, "gate-in")) == []


def test_memory_of_a_section_is_bounded() -> None:
    bench = _bench()
    vehicles = [{"vehicle_class": "car", "plate": f"92A-{number:05d}"} for number in range(500)]
    for minute in range(60):
        bench.feed(passage(f"e{minute}", minute * 60_000, vehicles, "gate-in"))
    lane = bench.engine.lane("traffic-camera")
    [(crossing, _)] = lane.happenings._sections._at[0]  # noqa: SLF001 - its size shows nowhere else
    assert crossing._count <= 20_000  # noqa: SLF001
    assert isinstance(lane.fleet.columns, pl.DataFrame)


def test_no_plate_is_remembered_when_nothing_can_complete_its_way() -> None:
    bench = _bench()
    bench.feed(_seen("a", 0, "gate-in"))
    bench.feed(_seen("b", 2 * 3600, "gate-in", "43A-678.90"))
    [(crossing, _)] = bench.engine.lane("traffic-camera").happenings._sections._at[0]  # noqa: SLF001 - see above
    assert list(crossing._entries) == ["43A67890"]  # noqa: SLF001


def test_entry_that_comes_when_memory_is_full_breaks_nothing() -> None:
    bench = _bench()
    bench.feed(_seen("new", 3700, "gate-in", "43A-678.90"))
    bench.feed(_seen("out", 60, "gate-out"))
    [(crossing, _)] = bench.engine.lane("traffic-camera").happenings._sections._at[0]  # noqa: SLF001 - see above
    crossing._count = 20_000  # noqa: SLF001
    (found,) = bench.feed(_seen("in", 20, "gate-in"))
    assert isinstance(found, ViolationSuspected)


def test_section_that_begins_where_it_ends_is_refused() -> None:
    with pytest.raises(ValueError, match="two cameras"):
        RoadSection(**{**_SECTION.__dict__, "to_device": "gate-in"})
