"""Flow from events as the stores give them back: without plates."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.batch import EVENT_SCHEMA, TIME
from reports.flow import flow, hour_profile, per_ten_thousand, vehicles_of

_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_NOON_MS = 1_795_323_600_000  # 2026-11-22 12:00 in Tam Kỳ
_FIVE_MIN_MS = 300_000


def _event(event: str, at_ms: int, vehicles: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    members = [member.name for member in EVENT_SCHEMA["vehicles"].inner.fields]
    nothing: dict[str, Any] = dict.fromkeys(EVENT_SCHEMA)
    return (
        nothing
        | {"id": event, "device": "cam-1", "area": "tam-ky", "kind": "traffic-camera", "type": "passage"}
        | {"measured_at": at_ms, "received_at": at_ms, "time_quality": "ok", "lane": 1, "images": []}
        | {"vehicles": [dict.fromkeys(members) | dict(vehicle) for vehicle in vehicles]}
        | more
    )


def _vehicles(*rows: dict[str, Any]) -> pl.DataFrame:
    raw = {name: pl.Int64 if dtype == TIME else dtype for name, dtype in EVENT_SCHEMA.items()}
    frame = pl.DataFrame(rows, schema=raw).cast({"measured_at": TIME, "received_at": TIME})
    return vehicles_of(frame)


def test_window_has_counts_classes_and_speeds() -> None:
    speeds = [float(speed) for speed in range(30, 51)]
    rows = [
        _event(f"e{n}", _NOON_MS + n * 1000, [{"vehicle_class": "car", "speed_kmh": speed}])
        for n, speed in enumerate(speeds)
    ]
    rows.append(_event("more", _NOON_MS, [{"vehicle_class": "motorcycle"}, {}]))
    rows.append(_event("lane", _NOON_MS, [{"vehicle_class": "bus", "speed_kmh": 20.0}], lane=2))
    rows.append(_event("next", _NOON_MS + _FIVE_MIN_MS, [{"vehicle_class": "car"}]))
    first, second, third = flow(_vehicles(*rows), _FIVE_MIN_MS)

    assert first == {
        "device": "cam-1", "lane": 1, "start_ms": _NOON_MS, "vehicles": 23, "measured": 21, "mean_kmh": 40.0,
        "p85_kmh": 47.0, "classes": {"car": 21, "motorcycle": 1, "unknown": 1},
    }  # fmt: skip
    assert (second["lane"], second["mean_kmh"], second["classes"]) == (2, 20.0, {"bus": 1})
    assert (third["start_ms"], third["vehicles"], third["mean_kmh"]) == (_NOON_MS + _FIVE_MIN_MS, 1, None)


def test_event_that_stands_twice_counts_once_and_others_do_not_count() -> None:
    once = _event("same", _NOON_MS, [{"vehicle_class": "car"}])
    vehicles = _vehicles(once, once, _event("still", _NOON_MS, [{}], type="stopping"), _event("none", 0, []))

    assert vehicles.height == 1
    assert "plate" not in vehicles.columns


def test_nothing_passed_is_no_window() -> None:
    assert flow(_vehicles(), _FIVE_MIN_MS) == []
    assert hour_profile(_vehicles(), _ZONE).is_empty()


def test_hours_are_local_and_per_day_with_traffic() -> None:
    day_ms = 86_400_000
    rows = [
        _event(f"{day}-{n}", _NOON_MS + day * day_ms + n, [{"speed_kmh": 40.0}])
        for day in range(2)
        for n in range(3)
    ]
    rows.append(_event("late", _NOON_MS + 11 * 3_600_000 + 3_599_999, [{}]))

    profile = hour_profile(_vehicles(*rows), _ZONE).rows(named=True)

    assert [(one["hour"], one["vehicles"], one["days"], one["per_day"]) for one in profile] == [
        (12, 6, 2, 3.0),
        (23, 1, 2, 0.5),
    ]
    assert [one["mean_kmh"] for one in profile] == [40.0, None]


@pytest.mark.parametrize(("violations", "vehicles", "rate"), [(3, 2000, 15.0), (0, 5, 0.0), (2, 0, None)])
def test_rate_is_per_ten_thousand_vehicles(violations: int, vehicles: int, rate: float | None) -> None:
    assert per_ten_thousand(violations, vehicles) == rate


@given(st.lists(st.tuples(st.integers(0, 3_600_000), st.integers(1, 3), st.integers(0, 3)), max_size=30))
def test_every_vehicle_is_in_one_window(passed: list[tuple[int, int, int]]) -> None:
    rows = [
        _event(f"e{n}", _NOON_MS + at_ms, [{"vehicle_class": "car"}] * count, lane=lane)
        for n, (at_ms, lane, count) in enumerate(passed)
    ]
    windows = flow(_vehicles(*rows), _FIVE_MIN_MS)

    assert sum(window["vehicles"] for window in windows) == sum(count for _, _, count in passed)
    assert all(sum(window["classes"].values()) == window["vehicles"] for window in windows)
