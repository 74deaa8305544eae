"""What is usual at an hour is its plain definition, however readings are divided, and after restarts."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.detection.usual import Usual
from rules.errors import ExpressionError
from rules.expressions.expression import condition
from rules.expressions.windows import WindowCall
from tests.rules.detection.support import CITY, START_MS

_HOUR_MS = 3_600_000
_CALL = WindowCall("usual", "client_count", 0)
# Hours since the reading before: within an hour, to the next, and to the same on other days.
_STEPS_H = st.sampled_from([0.25, 1, 23.5, 24, 24, 24.25, 48, 24 * 8])
_VALUES = st.none() | st.integers(0, 40)


def _local(at_ms: int) -> tuple[int, int]:
    local = datetime.fromtimestamp((START_MS + at_ms) / 1000, UTC).astimezone(CITY.zone)
    return local.date().toordinal(), local.hour


def _expected(readings: Sequence[tuple[int, int | None]], number: int) -> float | None:
    """The average over every earlier reading of the hour on the seven days before, of at least three."""
    day, hour = _local(readings[number][0])
    earlier = [(_local(at_ms), value) for at_ms, value in readings[:number] if value is not None]
    known = [(of, value) for (of, at), value in earlier if at == hour and day - 7 <= of < day]
    if len({of for of, _ in known}) < 3:
        return None
    return sum(value for _, value in known) / len(known)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(_STEPS_H, _VALUES), min_size=1, max_size=25),
    st.lists(st.integers(1, 6), min_size=25, max_size=25),
    st.booleans(),
)
def test_usual_is_its_definition_however_readings_are_divided_and_after_restarts(
    steps: list[tuple[float, int | None]],
    sizes: list[int],
    restarts: bool,  # noqa: FBT001 - a case
) -> None:
    times = np.cumsum([int(step * _HOUR_MS) for step, _ in steps]).tolist()
    readings = [(at_ms, value) for at_ms, (_, value) in zip(times, steps, strict=True)]
    usual, found, place = Usual([_CALL], 2, CITY.zone), [], 0
    while place < len(readings):
        part = readings[place : place + sizes[place]]
        frame = pl.DataFrame(
            {
                "row": pl.Series([1] * len(part), dtype=pl.UInt32),
                "measured_at": pl.Series([START_MS + at for at, _ in part]).cast(pl.Datetime("ms", "UTC")),
                "client_count": pl.Series([value for _, value in part], dtype=pl.Float64),
            }
        )
        found += usual.add(frame)[_CALL.column].to_list()
        place += len(part)
        if restarts:
            successor = Usual([_CALL], 2, CITY.zone)
            successor.put(1, usual.take(1))
            usual = successor
    expected = [_expected(readings, number) for number in range(len(readings))]
    assert found == pytest.approx(expected)
    assert usual.take(0) == {}


def test_usual_may_be_about_a_rate_and_needs_its_column() -> None:
    asked = condition("rate(m.tx_bytes, '15m') < usual(rate(m.tx_bytes, '15m'))", "wifi-ap")
    assert {call.column for call in asked.windows} == {
        "rate(tx_bytes,900000)",
        "usual(rate(tx_bytes,900000))",
    }
    assert asked.columns == ("tx_bytes",)


@pytest.mark.parametrize(
    "text", ["usual(3) > 1", "usual(m.client_count, '1h') > 1", "usual(usual(m.client_count)) > 1"]
)
def test_usual_of_what_is_no_field_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"usual\(\) asks about a field"):
        condition(text, "wifi-ap")
