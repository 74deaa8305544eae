import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.world import Profile

hourly = st.lists(st.floats(0, 100), min_size=24, max_size=24)


@given(hourly, st.floats(0, 1000), st.floats(0, 50))
def test_profile_total_is_the_area_under_the_curve(
    values: list[float], start_h: float, length_h: float
) -> None:
    profile = Profile(values)
    area = profile.total(start_h + length_h) - profile.total(start_h)
    assert min(values) * length_h - 1e-6 <= area <= max(values) * length_h + 1e-6


@given(hourly, st.integers(0, 23))
def test_profile_passes_through_its_hours_every_day(values: list[float], hour: int) -> None:
    profile = Profile(values)
    assert profile.at(hour) == profile.at(hour + 24) == values[hour]


def test_profile_of_other_than_24_hours_is_refused() -> None:
    with pytest.raises(ValueError, match="24 hours, got 3"):
        Profile([1, 2, 3])
