from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from devices.cities import City
from devices.registry import Registry
from simulators.city import build_city
from simulators.messages import OutgoingMessage
from simulators.scenario import FaultPlan, Scenario, ScenarioError, load_scenario
from simulators.simulation import Simulation

MINUTE_MS = 60_000

TakeApart = Callable[[Sequence[OutgoingMessage]], list[Any]]


@pytest.mark.parametrize(
    "name",
    sorted(f.name.removesuffix(".yaml") for f in files("simulators.scenarios").iterdir() if "yaml" in f.name),
)
def test_every_scenario_loads_names_itself_and_fits_a_city(name: str, tam_ky: City, evening_ms: int) -> None:
    scenario = load_scenario(name)
    assert scenario.id == name
    assert set(scenario.title) == {"vi", "en"}
    Simulation(build_city(tam_ky, 30, 1), scenario, seed=1, start_ms=evening_ms)


def test_load_scenario_of_an_unknown_name_names_the_known() -> None:
    with pytest.raises(ScenarioError, match=r"no scenario 'nope'; known: bad-firmware, .*first-light"):
        load_scenario("nope")


def test_load_scenario_reads_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "id: mine\nfaults:\n  - {fault: lamp_out, at: +1m, for: 5m, device: TK-L-0001}\n", "utf-8"
    )
    assert load_scenario(file) == Scenario(
        id="mine", faults=(FaultPlan(fault="lamp_out", at="+1m", lasting="5m", device="TK-L-0001"),)
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{fault: lamp_out, at: soon, for: 5m}", "a duration is written like"),
        ("{fault: lamp_out, at: 1m, for: 0m}", "lasts some time"),
        ("{fault: lamp_out, at: 1m, for: 5m, every: 5m}", "must be longer than `for`"),
        ("{fault: lamp_out, at: 1m, for: 5m, device: 0}", ">= 1"),
        ("{fault: lamp_out, for: 5m}", "one of them"),
        ("{fault: lamp_out, at: 1m, per_day: 1}", "one of them"),
        ("{fault: lamp_out, at: 1m, for: 5m..4m}", "from the less to the more"),
        ("{fault: lamp_out, at: 1m, every: 4h}", "must be longer than `for`"),
        ("{fault: lamp_out, per_day: 1, every: 4h}", "go with `at`"),
        ("{fault: lamp_out, per_day: 1, device: 2}", "go with `at`"),
        ("{fault: '*', at: 1m, for: 5m}", "go with random moments"),
        ("{fault: lamp_out, at: 1m, for: 5m, only: real}", "go with random moments"),
        ("{fault: lamp_out, per_day: 0}", "> 0"),
        ("{fault: lamp_out, share_per_day: 1.5}", "<= 1"),
        ("{fault: meteor, per_day: 1}", "unknown fault 'meteor'; known: amp_fault, "),
        ("{fault: '*', per_day: 1, except: [meteor]}", "unknown fault 'meteor'"),
        ("{fault: lamp_out, at: 1m, for: 5m, until: 6m}", "unknown field `until`"),
        ("{fault: [", "flow"),
    ],
)
def test_load_scenario_refuses_a_line_that_breaks_a_rule(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "mine.yaml"
    fine = "{fault: lamp_out, at: 1m, for: 5m}"
    file.write_text(f"id: mine\n# a comment\nfaults:\n  - {fine}\n  - {line}\n", "utf-8")
    with pytest.raises(ScenarioError, match=message) as caught:
        load_scenario(file)
    # What is no YAML at all has no faults to count.
    assert str(caught.value).startswith(f"{file}: " if line.endswith("[") else f"{file}:5: ")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [5, 40, 300])
def test_first_light_shows_a_fault_and_a_violation_within_twelve_minutes(
    tam_ky: City, first_light: Scenario, evening_ms: int, take_apart: TakeApart, count: int, seed: int
) -> None:
    city = build_city(tam_ky, count, seed)
    registry = Registry(city.devices)
    simulation = Simulation(city, first_light, seed=seed, start_ms=evening_ms)
    said = take_apart(simulation.advance(evening_ms + 12 * MINUTE_MS))
    dead = [one for one in said if any(one.body.get(f"voltage_l{n}_v", 230) < 10 for n in (1, 2, 3))]
    assert len(dead) >= 5
    fast = 0
    for one in said:
        for vehicle in one.body.get("vehicles", ()):
            camera = registry[one.device].attributes
            fast += vehicle["speed_kmh"] >= float(camera["limit_kmh"]) + float(camera["mpe_kmh"]) + 15
    assert fast >= 1


def test_first_light_has_something_of_each_within_the_hour_and_goes_on_for_days(
    tam_ky: City, first_light: Scenario, evening_ms: int
) -> None:
    city = build_city(tam_ky, 300, 1)
    first_hour = Simulation(city, first_light, seed=1, start_ms=evening_ms)
    first_hour.advance(evening_ms + 60 * MINUTE_MS)
    assert {record.fault for record in first_hour.truth()} == {
        "device_silent",
        "lamp_out",
        "phase_lost",
        "speaker_off_programme",
        "speeding",
    }
    third_day_ms = evening_ms + 3 * 24 * 60 * MINUTE_MS
    records = Simulation(city, first_light, seed=1, start_ms=third_day_ms, origin_ms=evening_ms).truth()
    assert sum(record.from_ms > third_day_ms - 24 * 60 * MINUTE_MS for record in records) >= 20


def test_first_light_strange_broadcast_lies_outside_every_programme(
    tam_ky: City, first_light: Scenario, evening_ms: int
) -> None:
    city = build_city(tam_ky, 300, 1)
    simulation = Simulation(city, first_light, seed=1, start_ms=evening_ms)
    simulation.advance(evening_ms + 60 * MINUTE_MS)
    (record,) = [record for record in simulation.truth() if record.fault == "speaker_off_programme"]
    for at_ms in range(record.from_ms, record.to_ms, MINUTE_MS):
        local = datetime.fromtimestamp(at_ms / 1000, tam_ky.zone)
        assert not any(programme.is_on(local) for programme in city.programmes)
