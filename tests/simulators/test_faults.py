import dataclasses
import itertools
import pkgutil
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

import simulators.faults
from devices.catalogue import PASSIVE_KINDS, kinds
from devices.decoders.native import NativeDecoder
from devices.messages import Event, RawMessage, Reading, Status
from devices.registry import Registry
from simulators.city import SimulatedCity, build_city
from simulators.fault_types import fault_types
from simulators.injector import Injector
from simulators.scenario import FaultPlan, Scenario
from simulators.simulation import Simulation
from simulators.truth import TruthRecord
from simulators.world import World

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS

Listen = Callable[..., list[Any]]


def one_fault(fault: str, at: str = "10m", lasting: str = "20m", **more: Any) -> Scenario:
    return Scenario(id="test", faults=(FaultPlan(fault=fault, at=at, lasting=lasting, **more),))


def minute_of(said: Any, evening_ms: int) -> float:
    return float(said.message.at_ms - evening_ms) / MINUTE_MS


def telemetry(said: list[Any], device: str) -> list[Any]:
    return [one for one in said if one.device == device and one.channel == "telemetry"]


def truth_of(
    city: SimulatedCity, scenario: Scenario, start_ms: int, hours: float, seed: int = 7
) -> tuple[TruthRecord, ...]:
    injector = Injector(scenario, fault_types(), World.of(city, seed, start_ms))
    until_ms = start_ms + round(hours * HOUR_MS)
    injector.extend_to(until_ms)
    return injector.truth(until_ms)


def test_fault_types_are_all_found_and_afflict_known_kinds() -> None:
    found = [fault.id for fault in fault_types()]
    assert found == sorted(module.name for module in pkgutil.iter_modules(simulators.faults.__path__))
    assert {"lamp_out", "phase_lost", "device_silent", "speaker_off_programme", "speeding"} <= set(found)
    assert {fault.kind for fault in fault_types()} <= {*kinds(), *PASSIVE_KINDS}


def test_lamp_out_is_commanded_on_without_power(listen: Listen, evening_ms: int) -> None:
    said = listen(120, one_fault("lamp_out", at="60m", lasting="30m", device="TK-L-0003"))
    for one in telemetry(said, "TK-L-0003"):
        minute = minute_of(one, evening_ms)
        if 60 <= minute < 90:
            assert one.body["cmd_on"]
            assert one.body["power_w"] < 1
            assert one.body["power_state"] == "off"
        elif minute >= 55:
            assert one.body["power_w"] > 50


def test_lamp_out_lowers_its_cabinet_and_stops_its_meter(listen: Listen, city: SimulatedCity) -> None:
    supply = Registry(city.devices)["TK-L-0003"].powered_by
    assert supply is not None
    usual = listen(100)
    dark = listen(100, one_fault("lamp_out", at="60m", lasting="2h", device="TK-L-0003"))
    field = f"power_{str(supply.phase).lower()}_w"
    saved_w = telemetry(usual, supply.parent)[-1].body[field] - telemetry(dark, supply.parent)[-1].body[field]
    rated_w = float(Registry(city.devices)["TK-L-0003"].attributes["rated_w"])
    assert saved_w == pytest.approx(rated_w, rel=0.05)
    meter = [one.body["energy_kwh"] for one in telemetry(dark, "TK-L-0003")]
    assert meter[-1] == meter[-35]
    assert meter == sorted(meter)


def test_phase_lost_takes_voltage_and_lamps_of_one_phase_only(
    listen: Listen, city: SimulatedCity, evening_ms: int
) -> None:
    scenario = one_fault("phase_lost", at="60m", lasting="30m", device="TK-C-01")
    said = listen(120, scenario)
    (record,) = truth_of(city, scenario, evening_ms, hours=2)
    lost = record.detail.lower()
    for one in telemetry(said, "TK-C-01"):
        during = 60 <= minute_of(one, evening_ms) < 90
        for phase in ("l1", "l2", "l3"):
            dead = during and phase == lost
            assert (one.body[f"voltage_{phase}_v"] < 5) == dead
            if minute_of(one, evening_ms) > 55:
                assert (one.body[f"power_{phase}_w"] == 0) == dead
    for lamp in Registry(city.devices).of_kind("streetlight"):
        assert lamp.powered_by is not None
        hit = (lamp.powered_by.parent, lamp.powered_by.phase) == ("TK-C-01", record.detail)
        during_count = sum(60 <= minute_of(one, evening_ms) < 90 for one in telemetry(said, lamp.id))
        assert during_count == (0 if hit else 30)
        assert len(telemetry(said, lamp.id)) == (90 if hit else 120)


def test_device_silent_says_nothing_and_comes_back_with_its_counters(listen: Listen, evening_ms: int) -> None:
    reports = telemetry(listen(60, one_fault("device_silent", device="TK-W-002")), "TK-W-002")
    assert [one.body["seq"] for one in reports] == [*range(10), *range(30, 60)]
    assert all(not 10 <= minute_of(one, evening_ms) < 30 for one in reports)


def test_speaker_off_programme_plays_what_nobody_planned(listen: Listen, evening_ms: int) -> None:
    said = listen(60, one_fault("speaker_off_programme", at="20m", lasting="12m", device="TK-S-002"))
    for one in telemetry(said, "TK-S-002"):
        minute = minute_of(one, evening_ms)
        if 20 <= minute < 32:
            assert one.body["playing"]
            assert one.body["source"] == "unregistered-stream"
            assert "programme" not in one.body
        elif minute > 15:
            assert not one.body["playing"]
    events = [
        one for one in said if one.device == "TK-S-002" and one.body.get("source") == "unregistered-stream"
    ]
    assert [(one.channel, one.body["phase"]) for one in events if one.channel == "event"] == [
        ("event", "started"),
        ("event", "ended"),
    ]
    assert [minute_of(one, evening_ms) for one in events if one.channel == "event"] == [20, 32]


def test_speeding_vehicles_exceed_limit_and_error_by_fifteen(
    listen: Listen, city: SimulatedCity, evening_ms: int
) -> None:
    said = listen(40, one_fault("speeding", at="5m", lasting="20m", device="TK-T-001"))
    registry = Registry(city.devices)
    fast_count = 0
    for one in said:
        if one.body.get("type") != "passage":
            continue
        camera = registry[one.device].attributes
        excess_kmh = (
            one.body["vehicles"][0]["speed_kmh"] - float(camera["limit_kmh"]) - float(camera["mpe_kmh"])
        )
        if excess_kmh > 0:
            fast_count += 1
            assert one.device == "TK-T-001"
            assert 5 <= minute_of(one, evening_ms) < 25
            assert excess_kmh >= 15
    assert fast_count > 5


def test_speeding_is_never_put_before_a_camera_out_of_calibration(
    city: SimulatedCity, evening_ms: int
) -> None:
    scenario = one_fault("speeding", lasting="10m", every="1h")
    cameras = Registry(city.devices).of_kind("traffic-camera")
    expired = [
        camera.id
        for camera in cameras
        if datetime.fromisoformat(str(camera.attributes["calibrated_until"])).timestamp() * 1000 < evening_ms
    ]
    chosen = {record.device for record in truth_of(city, scenario, evening_ms, hours=72)}
    assert expired == [cameras[-1].id]
    assert chosen == {camera.id for camera in cameras} - set(expired)


def test_truth_says_which_fault_where_and_when(city: SimulatedCity, evening_ms: int) -> None:
    scenario = one_fault("lamp_out", at="1h", lasting="30m", device=2)
    simulation = Simulation(city, scenario, seed=7, start_ms=evening_ms)
    simulation.advance(evening_ms + HOUR_MS - 1)
    assert simulation.truth() == ()
    simulation.advance(evening_ms + HOUR_MS)
    begins_ms = evening_ms + HOUR_MS
    assert simulation.truth() == (
        TruthRecord(
            fault="lamp_out",
            kind="streetlight",
            device="TK-L-0002",
            from_ms=begins_ms,
            to_ms=begins_ms + 30 * MINUTE_MS,
            observable_ms=begins_ms,
            rules=("lamp.out",),
        ),
    )


def test_repeated_fault_comes_back_on_time_at_devices_the_seed_chooses(
    city: SimulatedCity, evening_ms: int
) -> None:
    scenario = one_fault("lamp_out", at="1h", lasting="30m", device=2, every="2h")
    records = truth_of(city, scenario, evening_ms, hours=24)
    assert [(record.from_ms - evening_ms) // HOUR_MS for record in records] == list(range(1, 25, 2))
    assert len({record.device for record in records}) > 6
    assert truth_of(city, scenario, evening_ms, hours=24) == records
    assert truth_of(city, scenario, evening_ms, hours=24, seed=8)[1:] != records[1:]


def test_faults_never_touch_one_device_at_the_same_time(tam_ky: Any, evening_ms: int) -> None:
    crowded = Scenario(
        id="crowded",
        faults=tuple(
            FaultPlan(fault=fault, at=f"{minute}m", lasting="50m", every="1h")
            for minute, fault in enumerate(["lamp_out", "lamp_out", "phase_lost", "lamp_out", "lamp_out"])
        ),
    )
    city = build_city(tam_ky, 30, 1)
    injector = Injector(crowded, fault_types(), World.of(city, 3, evening_ms))
    injector.extend_to(evening_ms + 48 * HOUR_MS)
    for device in city.devices:
        spans = sorted(
            {
                (e.from_ms, e.to_ms)
                for knob in ("dark", "silent")
                for e in injector.effects.of(device.id, knob)
            }
        )
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_fault_that_no_device_is_left_for_does_not_take_place(tam_ky: Any, evening_ms: int) -> None:
    city = build_city(tam_ky, 5, 1)
    twice = Scenario(
        id="twice", faults=tuple(FaultPlan(fault="device_silent", at=at, lasting="1h") for at in ("1m", "2m"))
    )
    assert len(truth_of(city, twice, evening_ms, hours=1)) == 1


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"fault": "meteor"}, "unknown fault 'meteor'; known: amp_fault, "),
        ({"fault": "lamp_out", "device": "TK-L-9999"}, "'TK-L-9999', which the city does not have"),
        ({"fault": "lamp_out", "device": "TK-C-01"}, "'TK-C-01' is a lighting-cabinet"),
    ],
)
def test_scenario_that_does_not_fit_the_city_is_refused(
    city: SimulatedCity, evening_ms: int, plan: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Simulation(city, one_fault(**plan), seed=7, start_ms=evening_ms)


def test_fault_of_a_kind_that_the_city_lacks_does_not_take_place(
    city: SimulatedCity, evening_ms: int
) -> None:
    lampless = dataclasses.replace(city, devices=tuple(d for d in city.devices if d.kind != "streetlight"))
    assert truth_of(lampless, one_fault("lamp_out", device=3), evening_ms, hours=1) == ()


def test_speeding_is_never_put_before_a_camera_without_a_limit(city: SimulatedCity, evening_ms: int) -> None:
    bare = dataclasses.replace(
        city, devices=tuple(dataclasses.replace(device, attributes={}) for device in city.devices)
    )
    assert truth_of(bare, one_fault("speeding"), evening_ms, hours=1) == ()


def test_cable_theft_takes_its_lamps_from_the_cabinets_power_and_meter(
    listen: Listen, city: SimulatedCity, evening_ms: int
) -> None:
    scenario = one_fault("cable_theft", at="120m", lasting="60m", device="TK-C-01")
    (record,) = truth_of(city, scenario, evening_ms, hours=4)
    lost = [Registry(city.devices)[device] for device in record.also.devices]
    assert (
        record.detail
        == f"circuit {lost[0].powered_by.circuit if lost[0].powered_by else ''} from {lost[0].id}"
    )
    bodies = {
        round(minute_of(one, evening_ms)): one.body for one in telemetry(listen(190, scenario), "TK-C-01")
    }
    total = {minute: sum(body[f"power_l{n}_w"] for n in (1, 2, 3)) for minute, body in bodies.items()}
    lost_w = sum(float(lamp.attributes["rated_w"]) for lamp in lost)
    assert total[118] - total[122] == pytest.approx(lost_w, rel=0.06)
    assert total[185] == pytest.approx(total[118], rel=0.03)
    meter = [body["energy_kwh"] for _, body in sorted(bodies.items())]
    assert meter == sorted(meter)


def test_energy_theft_runs_through_the_meter_by_day(
    listen: Listen, city: SimulatedCity, evening_ms: int
) -> None:
    scenario = one_fault("energy_theft", at="18h", lasting="3h", device="TK-C-01")
    said = telemetry(listen(5 * 60, scenario, skip_minutes=17 * 60), "TK-C-01")
    burnt_kwh = said[-1].body["energy_kwh"] - said[0].body["energy_kwh"]
    assert burnt_kwh == pytest.approx(4.5, abs=0.05)
    (record,) = truth_of(city, scenario, evening_ms, hours=30)
    stolen = [one.body for one in said if record.from_ms <= one.message.at_ms < record.to_ms]
    assert {max((body[f"power_l{n}_w"], f"L{n}") for n in (1, 2, 3))[1] for body in stolen} == {record.detail}


def test_reboot_begins_uptime_and_bytes_anew_and_misses_one_report(listen: Listen) -> None:
    scenario = one_fault("wifi_reboot", at="30m", lasting="40m", device="TK-W-002")
    reports = telemetry(listen(90, scenario), "TK-W-002")
    falls = [
        (before.body["seq"], after.body["seq"])
        for before, after in itertools.pairwise(reports)
        if after.body["uptime_s"] < before.body["uptime_s"]
    ]
    assert [after - before for before, after in falls] == [2]
    for field in ("rx_bytes", "tx_bytes"):
        series = [one.body[field] for one in reports]
        assert series[falls[0][1] - 1] < 0.01 * series[0]
        assert series[falls[0][1] - 1 :] == sorted(series[falls[0][1] - 1 :])


def test_hijacked_broadcast_is_told_in_events_of_its_own(listen: Listen) -> None:
    # The evening's programme ends at 17:45.
    said = listen(30, one_fault("speaker_hijacked", at="5m", lasting="5m", device="TK-S-002"))
    events = [one.body for one in said if one.device == "TK-S-002" and one.channel == "event"]
    assert [(event["source"], event["phase"]) for event in events] == [
        ("ward-studio", "ended"),
        ("unregistered-stream", "started"),
        ("unregistered-stream", "ended"),
        ("ward-studio", "started"),
        ("ward-studio", "ended"),
    ]


def test_every_message_of_everything_decodes_without_remark(city: SimulatedCity, evening_ms: int) -> None:
    registry, decoder = Registry(city.devices), NativeDecoder()
    simulation = Simulation(
        city, Scenario(id="all", faults=(FaultPlan(fault="*", per_day=2),)), seed=5, start_ms=evening_ms
    )
    fates = {
        type(record)
        for message in simulation.advance(evening_ms + 10 * HOUR_MS)
        for record in decoder.decode(
            RawMessage(message.topic, message.payload, retained=message.retain), registry
        )
    }
    assert fates == {Reading, Event, Status}
    assert not decoder.unknown_fields()
    assert len({record.fault for record in simulation.truth()}) > 30
