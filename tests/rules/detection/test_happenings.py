"""Passages and the violations they give: what the catalogue's own tests do not show."""

from types import MappingProxyType
from typing import Any

import pytest

from devices.registry import Device, Life
from rules.loading import load_rules
from rules.violations import ViolationSuspected, violation_id
from tests.rules.detection.support import START_MS, Bench, passage

_FAST: dict[str, Any] = {
    "vehicle_class": "car",
    "plate": "92A-123.45",
    "plate_confidence": 0.9,
    "speed_kmh": 92.5,
}
_RULES = [rule for rule in load_rules() if rule.id == "camera.speeding"]


def _camera(**changed: Any) -> Device:
    attributes = {
        "limit_kmh": 60.0, "mpe_kmh": 3.0, "calibrated_from": "2026-01-01", "calibrated_until": "2026-12-31"
    }  # fmt: skip
    plain: dict[str, Any] = {"attributes": MappingProxyType(attributes)}
    return Device(id="camera-1", kind="traffic-camera", area="tam-ky", **(plain | changed))


def _bench(**changed: Any) -> Bench:
    return Bench(_RULES, [_camera(**changed)])


def test_violation_says_what_was_measured_seen_and_why() -> None:
    (found,) = _bench().feed(passage("event-1", 1000, [{"speed_kmh": 30.0}, _FAST]))
    assert isinstance(found, ViolationSuspected)
    assert found.id == violation_id("camera.speeding", "camera-1", "event-1", 1)
    numbers = ("speed_kmh", "mpe_kmh", "limit_kmh", "excess_kmh")
    assert [found.measured[name] for name in numbers] == [92.5, 3.0, 60.0, 29.5]
    assert found.measured["fine"]["row"] == "decree-168-2024-amended-238-2026:car.speed.20-35"
    assert found.measured["fine"]["verified_on"] is None
    assert found.measured["plate"] == {
        "class": "car", "use": "unknown", "province": 92, "motorcycle_series": None, "repaired": False,
        "confidence": 0.9,
    }  # fmt: skip
    assert found.measured["clock"]["time_quality"] == "ok"
    assert found.measured["calibration"]["valid_from_ms"] < found.occurred_at_ms
    assert "123.45" not in str(found.measured)
    assert (found.type, found.event, found.lane, found.area) == ("speeding", "event-1", 2, "tam-ky")
    assert (found.vehicle_class, found.plate, found.plate_confidence) == ("car", "92A-123.45", 0.9)
    assert (found.occurred_at_ms, found.detected_at_ms) == (START_MS + 1000, START_MS + 1500)
    assert [image["url"] for image in found.images] == ["cam/0.jpg", "cam/1.jpg"]
    assert found.why["values"] == "29.5 >= 5"
    assert found.why["time_quality"] == "ok"


def test_repeated_event_after_a_restart_is_the_same_violation() -> None:
    bench = _bench()
    bench.feed(passage("event-1", 1000, [{"speed_kmh": 90.0}]))
    bench.restart()
    assert bench.feed(passage("event-1", 1000, [{"speed_kmh": 90.0}])) == []


def test_state_of_a_camera_holds_no_plate() -> None:
    bench = _bench()
    bench.feed(passage("event-1", 1000, [_FAST]))
    blob = bench.snapshot.devices["camera-1"]
    assert b"92A" not in blob
    assert b"123" not in blob


def test_vehicles_without_plate_are_different_vehicles() -> None:
    bench = _bench()
    assert len(bench.feed(passage("event-1", 1000, [{"speed_kmh": 90.0}, {"speed_kmh": 91.0}]))) == 2


@pytest.mark.parametrize("vehicles", [[], [{}], [{"speed_kmh": None}]])
def test_passage_without_a_speed_suspects_nobody(vehicles: list[dict[str, Any]]) -> None:
    assert _bench().feed(passage("event-1", 1000, vehicles)) == []


def test_passage_at_a_camera_out_of_service_suspects_nobody() -> None:
    assert _bench(life=Life.COMMISSIONING).feed(passage("event-1", 1000, [_FAST])) == []


def test_passage_at_an_unknown_camera_is_harmless() -> None:
    assert _bench().feed(passage("event-1", 1000, [_FAST], device="stranger")) == []


def test_memory_of_a_camera_is_bounded() -> None:
    bench = _bench()
    for number in range(300):
        bench.feed(passage(f"event-{number}", number * 1000, [{"speed_kmh": 90.0, "plate": f"92A-{number}"}]))
    assert len(bench.changes) == 300
    assert len(bench.snapshot.devices["camera-1"]) < 40_000
