from datetime import datetime

import pytest

from devices.cities import City
from simulators.driver import Timing
from simulators.pace import FixedPace, UntilNight

HOUR_MS = 3_600_000


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_speed_that_is_not_positive_is_refused(speed: float, tam_ky: City) -> None:
    with pytest.raises(ValueError, match="positive number of simulated seconds"):
        FixedPace(speed)
    with pytest.raises(ValueError, match="positive number of simulated seconds"):
        UntilNight(origin_ms=0, zone=tam_ky.zone, fast=speed)


def test_fixed_pace_never_changes() -> None:
    assert FixedPace(600).speed_at(0) == FixedPace(600).speed_at(10**13) == 600


def test_until_night_is_fast_until_eight_and_then_as_life_for_good(evening_ms: int, tam_ky: City) -> None:
    pace = UntilNight(origin_ms=evening_ms, zone=tam_ky.zone)
    night_ms = evening_ms + 5 * HOUR_MS // 2
    assert pace.speed_at(evening_ms) == pace.speed_at(night_ms - 1) == 60
    assert pace.speed_at(night_ms) == pace.speed_at(night_ms + 20 * HOUR_MS) == 1


@pytest.mark.parametrize(("hour", "night_day"), [(3, 15), (20, 16), (23, 16)])
def test_until_night_takes_the_first_evening_after_the_origin(
    hour: int, night_day: int, tam_ky: City
) -> None:
    origin = datetime(2026, 6, 15, hour, tzinfo=tam_ky.zone)
    night_ms = round(datetime(2026, 6, night_day, 20, tzinfo=tam_ky.zone).timestamp() * 1000)
    pace = UntilNight(origin_ms=round(origin.timestamp() * 1000), zone=tam_ky.zone, fast=7)
    assert (pace.speed_at(night_ms - 1), pace.speed_at(night_ms)) == (7, 1)


@pytest.mark.parametrize(
    ("speed", "step_ms"),
    [(0.1, 100), (1, 100), (60, 5_000), (20, 2_000), (600, 5_000), (float("inf"), 5_000)],
)
def test_step_is_a_tenth_of_a_second_of_real_time_within_bounds(speed: float, step_ms: int) -> None:
    assert Timing().step_ms(speed) == step_ms
