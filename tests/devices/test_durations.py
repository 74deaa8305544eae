import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.durations import parse_duration_ms, written_duration


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("40m", 2_400_000),
        ("+8m", 480_000),
        ("1h20m", 4_800_000),
        ("2d", 172_800_000),
        ("90s", 90_000),
        ("0s", 0),
        ("250ms", 250),
        ("1m5ms", 60_005),
    ],
)
def test_parse_duration_reads_what_people_write(text: str, expected_ms: int) -> None:
    assert parse_duration_ms(text) == expected_ms


@pytest.mark.parametrize("text", ["", "+", "8", "m", "8 m", "-8m", "1m1h", "1.5h", "8min", "5msx", "1ms1s"])
def test_parse_duration_refuses_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match="a duration is written like 90s"):
        parse_duration_ms(text)


@given(st.integers(0, 10), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_parse_duration_adds_its_parts(days: int, hours: int, minutes: int, seconds: int) -> None:
    total_s = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    assert parse_duration_ms(f"{days}d{hours}h{minutes}m{seconds}s") == total_s * 1000


def test_parse_duration_below_zero_must_be_asked_for() -> None:
    assert parse_duration_ms("-1h15m", signed=True) == -4_500_000


@given(st.integers(-10_000_000_000, 10_000_000_000))
def test_written_duration_is_read_back_as_it_was(duration_ms: int) -> None:
    assert parse_duration_ms(written_duration(duration_ms), signed=True) == duration_ms


def test_written_duration_leaves_out_what_is_zero() -> None:
    assert written_duration(5_400_000) == "1h30m"
    assert written_duration(0) == "0s"
