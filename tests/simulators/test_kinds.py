import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from devices.catalogue import kinds
from devices.cities import City
from devices.decoders.native import NativeDecoder
from devices.messages import Event, RawMessage, Reading, Status
from devices.registry import Registry
from simulators.city import SimulatedCity
from simulators.scenario import Scenario
from simulators.simulation import Simulation

SIMULATED = set(kinds()) - {"collector"}  # which speaks of itself

Listen = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def evening(listen: Listen) -> list[Any]:
    """From 17:30 to 23:00."""
    return listen(330)


def readings(said: list[Any], kind: str) -> list[Any]:
    return [one for one in said if one.kind == kind and one.channel == "telemetry"]


def by_device(said: list[Any]) -> dict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for one in said:
        found[one.device].append(one)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_message_of_a_faulty_disorderly_day_decodes_without_remark(
    city: SimulatedCity, first_light: Scenario, evening_ms: int, seed: int
) -> None:
    registry, decoder = Registry(city.devices), NativeDecoder()
    simulation = Simulation(city, first_light, seed=seed, start_ms=evening_ms)
    fates: Counter[type] = Counter()
    for message in simulation.advance(evening_ms + 24 * 3_600_000):
        raw = RawMessage(message.topic, message.payload, retained=message.retain)
        fates.update(type(record) for record in decoder.decode(raw, registry))
    assert set(fates) == {Reading, Event, Status}
    assert fates[Reading] > 80 * 24 * 60 * 0.95
    assert not decoder.unknown_fields()
    assert not decoder.misplaced()


_FEWEST_FIELDS = 8


def test_every_kind_reports_fields_of_its_own_and_many_of_them(evening: list[Any]) -> None:
    for kind in map(kinds().__getitem__, SIMULATED):
        reported = {name for one in readings(evening, kind.id) for name in one.body}
        assert reported <= {"ts", "seq", *kind.field_names}
        assert len(reported & set(kind.field_names)) >= _FEWEST_FIELDS


def test_telemetry_time_is_the_moment_of_sending(evening: list[Any]) -> None:
    written = Counter[type]()
    for one in evening:
        if one.channel == "status":
            continue
        ts = one.body["ts"]
        written[type(ts)] += 1
        if isinstance(ts, str):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", ts)
            ts = round(datetime.fromisoformat(ts).timestamp() * 1000)
        assert ts == one.message.at_ms
    assert set(written) == {int, str}


def test_devices_report_every_interval_with_growing_sequence_and_not_all_at_once(evening: list[Any]) -> None:
    phases = set()
    for reports in by_device([one for one in evening if one.channel == "telemetry"]).values():
        assert [one.body["seq"] for one in reports] == list(range(330))
        times = {one.message.at_ms % 60_000 for one in reports}
        assert len(times) == 1
        phases |= times
    assert len(phases) > 70


def test_lamps_follow_the_sun_and_power_follows_the_dim_level(
    evening: list[Any], city: SimulatedCity
) -> None:
    registry = Registry(city.devices)
    states = set()
    for one in readings(evening, "streetlight"):
        rated_w, body = float(registry[one.device].attributes["rated_w"]), one.body
        states.add((body["cmd_on"], body["power_state"], body["dim_pct"]))
        expected_w = rated_w * body["dim_pct"] / 100
        assert abs(body["power_w"] - expected_w) < max(1, 0.1 * expected_w)
        assert body["power_w"] == pytest.approx(
            body["voltage_v"] * body["current_a"] * body["power_factor_ratio"], rel=0.05, abs=0.4
        )
    assert states == {(False, "off", 0), (True, "on", 100), (True, "low", 70)}


@pytest.mark.parametrize(
    ("kind", "counters"),
    [
        ("streetlight", ["energy_kwh", "burning_h", "switch_on_count"]),
        ("lighting-cabinet", ["energy_kwh"]),
        ("wifi-ap", ["rx_bytes", "tx_bytes", "uptime_s"]),
    ],
)
def test_counters_grow_and_never_fall(evening: list[Any], kind: str, counters: list[str]) -> None:
    for reports in by_device(readings(evening, kind)).values():
        for counter in counters:
            values = [one.body[counter] for one in reports]
            assert values == sorted(values)
            assert values[-1] > values[0]


def test_lamp_energy_is_its_power_over_time(evening: list[Any]) -> None:
    for reports in by_device(readings(evening, "streetlight")).values():
        measured = reports[-1].body["energy_kwh"] - reports[0].body["energy_kwh"]
        summed = sum(one.body["power_w"] for one in reports) / 60 / 1000
        assert measured == pytest.approx(summed, rel=0.08)


def test_cabinets_sum_their_lamps_by_phase(evening: list[Any], city: SimulatedCity) -> None:
    registry = Registry(city.devices)
    latest = {one.device: one.body for one in readings(evening, "streetlight")}
    for cabinet in registry.of_kind("lighting-cabinet"):
        body = [one.body for one in readings(evening, "lighting-cabinet") if one.device == cabinet.id][-1]
        for number, phase in enumerate(("L1", "L2", "L3"), 1):
            supplied = [
                latest[lamp.id]["power_w"]
                for lamp in registry.of_kind("streetlight")
                if lamp.powered_by and (lamp.powered_by.parent, lamp.powered_by.phase) == (cabinet.id, phase)
            ]
            assert body[f"power_l{number}_w"] == pytest.approx(sum(supplied), rel=0.06, abs=8)


def test_wifi_clients_follow_the_day_within_capacity(
    listen: Listen, city: SimulatedCity, evening: list[Any]
) -> None:
    registry = Registry(city.devices)
    night = listen(30, skip_minutes=9 * 60)

    def mean(said: list[Any]) -> float:
        counts: list[int] = [one.body["client_count"] for one in readings(said, "wifi-ap")]
        return sum(counts) / len(counts)

    assert mean(evening) > 5 * mean(night)
    for one in readings(evening, "wifi-ap"):
        assert one.body["client_count"] <= 0.9 * float(
            registry[one.device].attributes["client_capacity_count"]
        )


def test_loudspeakers_play_only_on_programme_and_say_when_they_end(
    listen: Listen, city: SimulatedCity, tam_ky: City
) -> None:
    registry = Registry(city.devices)
    said = listen(24 * 60)
    played = 0
    for one in readings(said, "loudspeaker"):
        local = datetime.fromtimestamp(one.message.at_ms / 1000, tam_ky.zone)
        meant = [p.id for p in city.programmes if p.area == registry[one.device].area and p.is_on(local)]
        if one.body["playing"]:
            played += 1
            assert [one.body["programme"]] == meant
            assert one.body["amp_current_a"] > 0.5
        else:
            assert "programme" not in one.body
            assert one.body["amp_current_a"] < 0.1
    assert played > 0
    for events in by_device([one for one in said if one.body.get("type") == "broadcast"]).values():
        assert [one.body["phase"] for one in events] == ["ended", "started", "ended", "started"]
        assert len({one.body["id"] for one in events}) == 4
