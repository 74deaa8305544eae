from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.cities import City, load_city
from simulators.daylight import LightingClock

HOUR_MS = 3_600_000
_ZONE = load_city("tam-ky").zone
ORIGIN_MS = round(datetime(2026, 6, 15, 17, 30, tzinfo=_ZONE).timestamp() * 1000)


def at_ms(tam_ky: City, day: int, hour: int, minute: int = 0) -> int:
    return round(datetime(2026, 6, day, hour, minute, tzinfo=tam_ky.zone).timestamp() * 1000)


@pytest.mark.parametrize(
    ("hour", "minute", "dim_pct"),
    [
        (17, 30, 0),
        (18, 15, 0),
        (18, 25, 100),
        (21, 59, 100),
        (22, 0, 70),
        (23, 59, 70),
        (24, 0, 50),
        (28, 59, 50),
        (29, 0, 100),
        (29, 5, 100),
        (29, 30, 0),
        (36, 0, 0),
        (42, 30, 100),
    ],
)
def test_lighting_clock_in_june_follows_sun_and_dim_curve(
    tam_ky: City, hour: int, minute: int, dim_pct: int
) -> None:
    clock = LightingClock(tam_ky, ORIGIN_MS)
    moment = datetime(2026, 6, 15, tzinfo=tam_ky.zone) + timedelta(hours=hour, minutes=minute)
    assert clock.state(round(moment.timestamp() * 1000)).dim_pct == dim_pct


def test_lighting_clock_in_december_switches_on_before_half_past_five(tam_ky: City) -> None:
    start_ms = round(datetime(2026, 12, 15, 17, 30, tzinfo=tam_ky.zone).timestamp() * 1000)
    assert LightingClock(tam_ky, start_ms).state(start_ms).dim_pct == 100


def test_lighting_clock_begins_within_a_night_it_knows(tam_ky: City) -> None:
    start_ms = at_ms(tam_ky, 15, 2)
    assert LightingClock(tam_ky, start_ms).state(start_ms).dim_pct == 50


def test_lighting_clock_counts_the_hours_of_a_night(tam_ky: City) -> None:
    clock = LightingClock(tam_ky, ORIGIN_MS)
    before, after = clock.state(at_ms(tam_ky, 15, 18)), clock.state(at_ms(tam_ky, 16, 12))
    burnt_h = after.burning_h - before.burning_h
    assert 10.5 < burnt_h < 11.2
    saved_h = 2 * 0.3 + 5 * 0.5
    assert after.full_load_h - before.full_load_h == pytest.approx(burnt_h - saved_h)
    assert after.switch_on_count - before.switch_on_count == 1


@given(st.lists(st.integers(0, 20 * 24 * HOUR_MS), min_size=2, max_size=20))
def test_lighting_clock_counters_never_fall_and_do_not_depend_on_the_order_asked(offsets: list[int]) -> None:
    city = load_city("tam-ky")
    asked = LightingClock(city, ORIGIN_MS)
    answers = {offset: asked.state(ORIGIN_MS + offset) for offset in offsets}
    fresh = LightingClock(city, ORIGIN_MS)
    in_order = [fresh.state(ORIGIN_MS + offset) for offset in sorted(offsets)]
    assert in_order == [answers[offset] for offset in sorted(offsets)]
    for counter in ("full_load_h", "burning_h", "switch_on_count"):
        values = [getattr(state, counter) for state in in_order]
        assert values == sorted(values)


def test_lighting_clock_before_its_eve_refuses(tam_ky: City) -> None:
    with pytest.raises(ValueError, match="begins at"):
        LightingClock(tam_ky, ORIGIN_MS).state(ORIGIN_MS - 48 * HOUR_MS)


def test_lighting_clock_far_north_leaves_out_the_hours_of_daylight(tam_ky: City) -> None:
    helsinki = msgspec.structs.replace(tam_ky, timezone="Europe/Helsinki", latitude=60.17, longitude=24.94)
    origin = datetime(2026, 6, 15, 17, 30, tzinfo=helsinki.zone)
    clock = LightingClock(helsinki, round(origin.timestamp() * 1000))
    by_half_hour = [
        clock.state(round((origin + timedelta(minutes=minutes)).timestamp() * 1000))
        for minutes in range(0, 24 * 60, 30)
    ]
    assert [state.dim_pct for state in by_half_hour if state.dim_pct] == [70, 70, *[50] * 8]
    assert by_half_hour[-1].switch_on_count - by_half_hour[0].switch_on_count == 1
