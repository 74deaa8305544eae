"""What cameras see and say, as they should be and under each of their faults."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from devices.cities import City
from devices.decoders.native import NativeDecoder
from devices.errors import Rejected
from devices.messages import RawMessage
from devices.plates import PlateClass, parse_plate
from devices.registry import Device, Registry
from simulators.calibrations import is_calibrated
from simulators.city import SimulatedCity, build_city
from simulators.disorder import Disorder
from simulators.fault_types import fault_types
from simulators.messages import OutgoingMessage
from simulators.scenario import FaultPlan, Scenario
from simulators.simulation import Simulation

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
ORDERLY = Disorder(late_share=0, duplicate_share=0)
TakeApart = Callable[[Sequence[OutgoingMessage]], list[Any]]
Watch = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def cameras(tam_ky: City) -> SimulatedCity:
    """Forty cameras and nothing else."""
    city = build_city(tam_ky, 400, seed=7)
    return dataclasses.replace(
        city, devices=tuple(device for device in city.devices if device.kind == "traffic-camera")
    )


@pytest.fixture(scope="module")
def morning_ms(tam_ky: City) -> int:
    """Six o'clock of a Monday."""
    return round(datetime(2026, 6, 15, 6, 0, tzinfo=tam_ky.zone).timestamp() * 1000)


@pytest.fixture(scope="module")
def watch(cameras: SimulatedCity, morning_ms: int, take_apart: TakeApart) -> Watch:
    """Everything the cameras say in some minutes of a morning, with or without a fault from +10m to +130m."""

    def see(minutes: int, fault: str | None = None, device: str = "TK-T-001") -> list[Any]:
        plans = () if fault is None else (FaultPlan(fault=fault, at="10m", lasting="2h", device=device),)
        simulation = Simulation(
            cameras, Scenario(id="t", faults=plans), seed=7, start_ms=morning_ms, disorder=ORDERLY
        )
        return take_apart(simulation.advance(morning_ms + minutes * MINUTE_MS))

    return see


@pytest.fixture(scope="module")
def usual(watch: Watch) -> list[Any]:
    return watch(140)


def passages(said: list[Any], device: str | None = None) -> list[Any]:
    return [
        one for one in said if one.body.get("type") == "passage" and (device is None or one.device == device)
    ]


def readings(said: list[Any], device: str) -> list[Any]:
    return [one for one in said if one.channel == "telemetry" and one.device == device]


def during(said: list[Any], morning_ms: int) -> list[Any]:
    return [one for one in said if 10 <= (one.message.at_ms - morning_ms) / MINUTE_MS < 130]


def expired(cameras: SimulatedCity, at_ms: int) -> Device:
    (camera,) = [device for device in cameras.devices if not is_calibrated(device, at_ms)]
    return camera


def test_cameras_see_valid_plates_and_nobody_breaks_a_rule_unasked(
    usual: list[Any], cameras: SimulatedCity
) -> None:
    registry = Registry(
        dataclasses.replace(device, powered_by=None, uplink=None) for device in cameras.devices
    )
    classes: Counter[str] = Counter()
    frames: Counter[int] = Counter()
    seen = passages(usual)
    assert len({one.body["id"] for one in seen}) == len(seen)
    for one in seen:
        camera = registry[one.device].attributes
        frames[len(one.body["vehicles"])] += 1
        assert {image["role"] for image in one.body["images"]} == {"overview", "plate"}
        assert one.body["direction"] == "forward"
        assert one.body["lane"] in {1, 2}
        assert one.body.get("signal") in ({"green", "amber"} if camera["has_signal"] else {None})
        assert "red_elapsed_s" not in one.body
        for vehicle in one.body["vehicles"]:
            classes[vehicle["class"]] += 1
            assert 5 < vehicle["speed_kmh"] <= float(camera["limit_kmh"]) + float(camera["mpe_kmh"])
            if "plate" in vehicle:
                assert parse_plate(vehicle["plate"]).plate_class is not PlateClass.AMBIGUOUS
            assert vehicle.get("helmet", True)
    assert classes["motorcycle"] > classes["car"] > classes["truck"] > 0
    assert set(frames) >= {1, 2, 3}
    assert max(frames) <= 4
    assert frames[1] > frames[2] > frames[3]


def test_junctions_have_lights_and_schools_have_none(cameras: SimulatedCity) -> None:
    sites = Counter((d.attributes["site"], d.attributes["has_signal"]) for d in cameras.devices)
    assert sites["school-gate", True] == 0
    assert sites["school-gate", False] == 10
    assert sites["junction", True] > sites["junction", False] > 0
    assert cameras.devices[0].attributes["has_signal"]


def test_every_message_of_every_camera_fault_decodes(cameras: SimulatedCity, morning_ms: int) -> None:
    faults = [fault.id for fault in fault_types() if fault.kind == "traffic-camera"]
    faults.sort(key="camera_uncalibrated_speeding".__ne__)  # first: there is one camera for it
    assert len(faults) >= 17
    scenario = Scenario(
        id="t",
        faults=tuple(FaultPlan(fault=fault, at="5m", lasting="2h") for fault in faults),
    )
    simulation = Simulation(cameras, scenario, seed=2, start_ms=morning_ms)
    registry = Registry(
        dataclasses.replace(device, powered_by=None, uplink=None) for device in cameras.devices
    )
    decoder = NativeDecoder()
    for message in simulation.advance(morning_ms + HOUR_MS):
        raw = RawMessage(message.topic, message.payload, retained=message.retain)
        assert not any(isinstance(record, Rejected) for record in decoder.decode(raw, registry))
    assert not decoder.unknown_fields()
    assert {record.fault for record in simulation.truth()} == set(faults)


@pytest.mark.parametrize(
    ("fault", "field", "is_wrong"),
    [
        ("camera_stream_down", "stream_up", lambda value: value is False),
        ("camera_lens_covered", "luminance_pct", lambda value: value <= 3),
        ("camera_storage_full", "storage_free_pct", lambda value: value < 3),
        ("camera_overheating", "temp_c", lambda value: value > 65),
        ("camera_glare", "luminance_pct", lambda value: value > 80),
    ],
)
def test_fault_of_health_shows_in_its_field_while_it_lasts(
    watch: Watch, morning_ms: int, fault: str, field: str, is_wrong: Callable[[Any], bool]
) -> None:
    said = watch(140, fault)
    wrong = [one for one in readings(said, "TK-T-001") if is_wrong(one.body[field])]
    assert wrong == during(readings(said, "TK-T-001"), morning_ms)
    assert not any(is_wrong(one.body[field]) for one in readings(said, "TK-T-002"))


@pytest.mark.parametrize(
    "fault", ["camera_stream_down", "camera_frozen", "camera_lens_covered", "camera_no_passages"]
)
def test_blind_camera_sees_nobody_at_rush_hour(
    watch: Watch, usual: list[Any], morning_ms: int, fault: str
) -> None:
    said = watch(140, fault)
    assert len(during(passages(usual, "TK-T-001"), morning_ms)) > 50
    assert not during(passages(said, "TK-T-001"), morning_ms)
    assert len(readings(said, "TK-T-001")) == len(readings(usual, "TK-T-001"))


def test_frozen_camera_shows_one_hash_and_another_camera_never_the_same_twice(
    watch: Watch, morning_ms: int
) -> None:
    said = watch(140, "camera_frozen")
    frozen = [one.body["frame_hash"] for one in during(readings(said, "TK-T-001"), morning_ms)]
    assert len(frozen) > 100
    assert len(set(frozen)) == 1
    other = [one.body["frame_hash"] for one in readings(said, "TK-T-002")]
    assert len(set(other)) == len(other)


def test_silent_camera_says_nothing_and_blinking_one_blinks_once(watch: Watch, morning_ms: int) -> None:
    silent = watch(140, "camera_silent")
    assert not [one for one in during(silent, morning_ms) if one.device == "TK-T-001"]
    blinking = readings(watch(140, "camera_blink"), "TK-T-001")
    assert sum(not one.body["stream_up"] for one in blinking) == 1


def test_camera_with_local_time_is_seven_hours_ahead_in_readings_and_passages(
    watch: Watch, morning_ms: int
) -> None:
    for one in watch(140, "camera_clock_local"):
        if one.device != "TK-T-001" or one.channel == "status":
            continue
        ahead_ms = datetime.fromisoformat(one.body["ts"]).timestamp() * 1000 - one.message.at_ms
        wrong = bool(during([one], morning_ms))
        assert ahead_ms == (7 * HOUR_MS if wrong else 0)
        assert abs(one.body.get("clock_offset_ms", 0)) < 100


def test_drifting_camera_says_how_far_it_is_off(watch: Watch, morning_ms: int) -> None:
    said = watch(140, "camera_clock_drift")
    offsets_ms = [one.body["clock_offset_ms"] for one in during(readings(said, "TK-T-001"), morning_ms)]
    assert abs(offsets_ms[0]) < 1000
    assert abs(offsets_ms[4]) > 1000
    assert 30_000 < abs(offsets_ms[-1]) < 50_000


def test_red_light_runners_are_seen_in_three_frames_with_the_time_of_red(
    watch: Watch, morning_ms: int
) -> None:
    said = watch(140, "red_light")
    running = [one for one in passages(said) if one.body.get("signal") == "red"]
    assert len(running) > 10
    assert running == [one for one in during(running, morning_ms) if one.device == "TK-T-001"]
    for one in running:
        assert one.body["red_elapsed_s"] >= 1
        assert [image["role"] for image in one.body["images"]] == ["before", "line", "past", "plate"]
    assert len(passages(said, "TK-T-001")) > 2 * len(running)


@pytest.mark.parametrize(
    ("fault", "breaks"),
    [
        ("wrong_way", lambda body: body["direction"] == "reverse"),
        ("no_helmet", lambda body: any(v.get("helmet") is False for v in body["vehicles"])),
        ("overload", lambda body: any(v.get("riders", 1) > 2 for v in body["vehicles"])),
    ],
)
def test_traffic_fault_makes_a_share_break_the_rule_before_one_camera(
    watch: Watch, morning_ms: int, fault: str, breaks: Callable[[Any], bool]
) -> None:
    said = watch(140, fault)
    broken = [one for one in passages(said) if breaks(one.body)]
    assert broken == [one for one in during(broken, morning_ms) if one.device == "TK-T-001"]
    assert 10 < len(broken) < 0.7 * len(passages(said, "TK-T-001"))


def test_unreadable_plates_are_most_of_them(watch: Watch, morning_ms: int) -> None:
    said = during(passages(watch(140, "camera_plates_unreadable"), "TK-T-001"), morning_ms)
    vehicles = [vehicle for one in said for vehicle in one.body["vehicles"]]
    assert sum("plate" not in vehicle for vehicle in vehicles) / len(vehicles) == pytest.approx(0.85, abs=0.1)


def test_speeding_past_a_camera_out_of_calibration_is_no_fault(
    watch: Watch, cameras: SimulatedCity, morning_ms: int
) -> None:
    camera = expired(cameras, morning_ms)
    highest = float(camera.attributes["limit_kmh"]) + float(camera.attributes["mpe_kmh"])
    said = passages(watch(140, "camera_uncalibrated_speeding", camera.id), camera.id)
    assert any(vehicle["speed_kmh"] > highest + 10 for one in said for vehicle in one.body["vehicles"])
    (fault,) = [fault for fault in fault_types() if fault.id == "camera_uncalibrated_speeding"]
    assert not fault.real


def test_cameras_see_more_in_the_rush_hour_than_at_night(
    cameras: SimulatedCity, morning_ms: int, take_apart: TakeApart
) -> None:
    def count(hours_before: int) -> int:
        start_ms = morning_ms - hours_before * HOUR_MS
        simulation = Simulation(cameras, Scenario(id="t"), seed=7, start_ms=start_ms)
        return len(passages(take_apart(simulation.advance(start_ms + HOUR_MS))))

    assert count(-1) > 10 * count(4)
