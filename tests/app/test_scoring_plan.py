from datetime import datetime

import pytest

from app.errors import StartError
from app.scoring_plan import ScoringPlan, city_of, moment_in, step_s_for


def plan(devices: int = 20, interval_s: float | None = None) -> ScoringPlan:
    origin_ms = moment_in("tam-ky", datetime(2026, 6, 1, 17, 30))  # noqa: DTZ001 - the city's own time
    return ScoringPlan(
        city="tam-ky",
        scenario="quiet",
        devices=devices,
        seed=1,
        origin_ms=origin_ms,
        to_ms=origin_ms + 1,
        step_ms=1,
        interval_s=interval_s,
    )


@pytest.mark.parametrize(
    ("devices", "interval_s", "step_s"),
    [(60, 60, 30), (1_000, 300, 100), (10_000, 60, 15), (100_000, 300, 8), (100_000, 10, 1)],
)
def test_step_is_half_a_minute_or_a_third_of_a_long_interval_or_what_fits_into_a_batch(
    devices: int, interval_s: float, step_s: float
) -> None:
    assert step_s_for(devices, interval_s) == step_s


def test_run_begins_at_local_time() -> None:
    assert plan().origin_ms == 1_780_309_800_000


def test_interval_is_that_of_every_device_that_speaks() -> None:
    city = city_of(plan(interval_s=300))
    assert {device.interval_s for device in city.devices if not device.is_passive} == {300}
    assert city == city_of(plan(interval_s=300))


def test_what_makes_no_city_is_said_in_one_sentence() -> None:
    with pytest.raises(StartError, match="at least 5 devices"):
        city_of(plan(devices=1))
    with pytest.raises(StartError, match="no city 'atlantis'"):
        moment_in("atlantis", datetime(2026, 6, 1))  # noqa: DTZ001 - the city's own time
