import dataclasses
import itertools
from collections import Counter, defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.cities import City
from devices.registry import Life
from simulators.city import SimulatedCity, build_city
from simulators.fault_types import fault_types
from simulators.injector import Injector
from simulators.scenario import FaultPlan, Scenario, load_scenario
from simulators.simulation import Simulation
from simulators.truth import TruthRecord
from simulators.world import World
from tests.simulators.conftest import ORDERLY

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
REST_MS = 30 * MINUTE_MS


def with_retired(city: SimulatedCity) -> SimulatedCity:
    spare = next(device for device in city.devices if device.kind == "wifi-ap")
    retired = dataclasses.replace(spare, id="TK-W-900", life=Life.RETIRED)
    return dataclasses.replace(city, devices=(*city.devices, retired))


def worked_out(
    city: SimulatedCity, scenario: Scenario, start_ms: int, days: float, seed: int = 1
) -> tuple[Injector, tuple[TruthRecord, ...]]:
    injector = Injector(scenario, fault_types(), World.of(city, seed, start_ms))
    until_ms = start_ms + round(days * DAY_MS) - 1
    injector.extend_to(until_ms)
    return injector, injector.truth(until_ms)


def planned(**plan: Any) -> Scenario:
    return Scenario(id="test", faults=(FaultPlan(**plan),))


def test_everything_has_twenty_of_each_type_in_a_month_of_a_thousand_devices(
    tam_ky: City, evening_ms: int
) -> None:
    city = with_retired(build_city(tam_ky, 1000, 1))
    _, records = worked_out(city, load_scenario("everything"), evening_ms, days=30)
    counts = Counter(record.fault for record in records)
    assert [fault.id for fault in fault_types() if counts[fault.id] < 20] == []
    assert [record for record in records if record.real and record.observable_ms is None] == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_everything_has_most_types_in_a_day_of_two_hundred_devices(
    tam_ky: City, evening_ms: int, seed: int
) -> None:
    city = with_retired(build_city(tam_ky, 200, seed))
    _, records = worked_out(city, load_scenario("everything"), evening_ms, days=1, seed=seed)
    seen_by_ms = evening_ms + DAY_MS - REST_MS
    shown = {r.fault for r in records if r.observable_ms is not None and r.observable_ms <= seen_by_ms}
    assert len(shown) > 0.9 * len(fault_types())


def test_everything_never_touches_one_device_twice_at_a_time_and_lets_it_rest(
    tam_ky: City, evening_ms: int
) -> None:
    city = build_city(tam_ky, 300, 1)
    injector, records = worked_out(city, load_scenario("everything"), evening_ms, days=5)
    spans: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
    for record in records:
        for device in {record.device, *record.also.devices}:
            spans[device].add((record.from_ms, record.to_ms))
    assert any(injector.effects.knobs(device.id) for device in city.devices)
    for taken in spans.values():
        for before, after in itertools.pairwise(sorted(taken)):
            assert before[1] + REST_MS <= after[0]


def test_failing_month_has_half_a_percent_of_the_devices_a_day(tam_ky: City, evening_ms: int) -> None:
    city = build_city(tam_ky, 1000, 1)
    _, records = worked_out(city, load_scenario("failing-month"), evening_ms, days=30)
    failed = [record for record in records if record.real]
    # Switches and feeders fail too. A few find no place: their device is busy, or nobody could see it.
    meant = 0.005 * 30 * len(city.devices)
    assert 0.9 * meant <= len(failed) <= meant + 1
    assert 0.5 < sum(record.kind == "streetlight" for record in failed) / len(failed) < 0.8
    assert len({record.fault for record in failed}) > 25


def test_rate_below_one_a_day_adds_up_over_the_days(city: SimulatedCity, evening_ms: int) -> None:
    scenario = planned(fault=("lamp_out", "door_open"), per_day=0.3, lasting="2h..4h")
    _, records = worked_out(city, scenario, evening_ms, days=20)
    counts = Counter(record.fault for record in records)
    assert set(counts) == {"lamp_out", "door_open"}
    assert all(5 <= count <= 7 for count in counts.values())
    lasted_ms = {record.to_ms - record.from_ms for record in records}
    assert len(lasted_ms) > 5
    assert all(2 * HOUR_MS <= lasted <= 4 * HOUR_MS for lasted in lasted_ms)


def test_only_and_except_leave_types_out(city: SimulatedCity, evening_ms: int) -> None:
    alike = planned(fault="*", per_day=1, only="look-alike", apart_from=("backlog",))
    _, records = worked_out(city, alike, evening_ms, days=2)
    assert len(records) > 10
    assert not any(record.real or record.fault == "backlog" for record in records)


def test_times_strikes_several_devices_at_once_each_only_once(city: SimulatedCity, evening_ms: int) -> None:
    scenario = planned(fault="lamp_silent", at="1h", lasting="30m", times=6)
    _, records = worked_out(city, scenario, evening_ms, days=1)
    assert len(records) == len({record.device for record in records}) == 6
    assert {record.from_ms for record in records} == {evening_ms + HOUR_MS}


def test_fixed_fault_that_nobody_can_see_happens_and_says_so(city: SimulatedCity, evening_ms: int) -> None:
    noon = planned(fault="lamp_out", at="18h30m", lasting="3h")
    _, (record,) = worked_out(city, noon, evening_ms, days=1)
    assert record.observable_ms is None
    dusk = planned(fault="lamp_out", at="18h30m", lasting="9h")
    _, (record,) = worked_out(city, dusk, evening_ms, days=1)
    assert record.observable_ms is not None
    assert 24 * HOUR_MS < record.observable_ms - evening_ms < 25 * HOUR_MS


@pytest.fixture(scope="module")
def busy_city(tam_ky: City) -> SimulatedCity:
    return build_city(tam_ky, 25, seed=7)


@settings(deadline=None, max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(later_ms=st.integers(1, 6 * HOUR_MS), step_ms=st.integers(MINUTE_MS, HOUR_MS))
def test_everything_in_any_steps_from_any_start_says_and_means_the_same(
    busy_city: SimulatedCity, evening_ms: int, later_ms: int, step_ms: int
) -> None:
    scenario = planned(fault="*", per_day=4)
    begins_ms = evening_ms + 20 * HOUR_MS
    ends_ms = begins_ms + 7 * HOUR_MS

    def city_from(start_ms: int) -> Simulation:
        return Simulation(
            busy_city, scenario, seed=3, start_ms=start_ms, origin_ms=evening_ms, disorder=ORDERLY
        )

    whole, stepped = city_from(begins_ms), city_from(begins_ms + later_ms)
    said = [m for m in whole.advance(ends_ms) if m.at_ms > begins_ms + later_ms]
    parts = []
    while stepped.now_ms < ends_ms:
        parts += stepped.advance(min(ends_ms, stepped.now_ms + step_ms))
    assert [m for m in parts if not m.retain] == [m for m in said if not m.retain]
    assert stepped.truth() == whole.truth()
    assert len(whole.truth()) > 50
