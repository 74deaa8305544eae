import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.layout.site import JUNCTION, SCHOOL_GATE
from simulators.signals import SignalPlan, moment_within
from simulators.traffic import passages_per_min, poisson

DAY_H = 24
MONDAY_H = 4 * DAY_H  # 1 January 1970 was a Thursday
SUNDAY_H = 3 * DAY_H
PLANS = st.builds(lambda seed: SignalPlan.of(Random(seed)), st.integers())


@given(PLANS, st.integers(0, 2**41))
def test_signal_goes_from_green_over_amber_to_red(plan: SignalPlan, at_ms: int) -> None:
    shown = [plan.shows(at_ms + step) for step in range(0, plan.cycle_ms, 500)]
    colours = [colour for colour, _ in shown]
    assert set(colours) == {"green", "amber", "red"}
    changes = [(a, b) for a, b in itertools.pairwise(colours) if a != b]
    assert set(changes) <= {("green", "amber"), ("amber", "red"), ("red", "green")}
    assert all((red_s is not None) == (colour == "red") for colour, red_s in shown)
    assert max(red_s for _, red_s in shown if red_s is not None) <= plan.red_ms / 1000


@given(PLANS, st.integers(0, 2**41), st.integers(1, 600_000), st.integers(0, 5_000))
def test_passable_and_forbidden_times_agree_with_what_it_shows(
    plan: SignalPlan, from_ms: int, length_ms: int, after_ms: int
) -> None:
    to_ms = from_ms + length_ms
    passable = plan.passable(from_ms, to_ms)
    forbidden = plan.forbidden(from_ms, to_ms, after_ms)
    assert all(from_ms <= a < b <= to_ms for a, b in [*passable, *forbidden])
    assert all(plan.shows(at_ms)[0] != "red" for a, b in passable for at_ms in (a, b - 1))
    for a, b in forbidden:
        assert plan.shows(a)[0] == plan.shows(b - 1)[0] == "red"
        assert (plan.shows(a)[1] or 0) >= after_ms / 1000 - 0.1
    if not after_ms:
        assert sum(b - a for a, b in [*passable, *forbidden]) == length_ms


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 1000))), st.integers())
def test_moment_within_lies_in_one_of_the_spans(lengths: list[tuple[int, int]], seed: int) -> None:
    spans, at_ms = [], 0
    for gap_ms, length_ms in lengths:
        spans.append((at_ms + gap_ms, at_ms + gap_ms + length_ms))
        at_ms = spans[-1][1]
    moment_ms = moment_within(spans, Random(seed))
    if not spans:
        assert moment_ms is None
    else:
        assert any(a <= moment_ms < b for a, b in spans if moment_ms is not None)


@pytest.mark.parametrize("mean", [0.0, 0.5, 20.0, 5000.0])
def test_poisson_has_its_mean(mean: float) -> None:
    random = Random(3)
    drawn = [poisson(random, mean) for _ in range(200)]
    assert sum(drawn) / 200 == pytest.approx(mean, rel=0.1, abs=0.12)


def test_school_gate_peaks_when_lessons_begin_and_end_and_only_on_school_days() -> None:
    monday = [passages_per_min(SCHOOL_GATE, MONDAY_H + hour) for hour in range(DAY_H)]
    assert {hour for hour, rate in enumerate(monday) if rate > 1.5} == {6, 7, 11, 13, 17}
    sunday = [passages_per_min(SCHOOL_GATE, SUNDAY_H + hour) for hour in range(DAY_H)]
    assert max(sunday) < 0.5


def test_junction_has_rush_hours_on_workdays_only() -> None:
    monday = [passages_per_min(JUNCTION, MONDAY_H + hour) for hour in range(DAY_H)]
    sunday = [passages_per_min(JUNCTION, SUNDAY_H + hour) for hour in range(DAY_H)]
    assert monday[7] > 2 * monday[9] > 10 * monday[2]
    assert monday[17] > sunday[17]
    assert sunday[7] < monday[7] / 1.5
