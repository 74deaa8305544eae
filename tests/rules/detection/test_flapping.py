"""Faults that come and go: Nagios' formula, and one fault instead of many."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.registry import Device, Supply
from devices.stream import Mark
from rules.expressions.expression import condition
from rules.faults import FaultCleared, FaultRaised
from rules.flap import Flap, share_changed
from rules.rule import Lasting
from tests.rules.detection.support import (
    DARK,
    LATENESS_MS,
    START_MS,
    Bench,
    Told,
    batch,
    history,
    lamp,
    rule,
    told,
)

FLAP = replace(DARK, flap=Flap())


def nagios(states: Sequence[bool]) -> float:
    """The published loop over the last 21 states, the oldest first; with the documented weights."""
    total = 0.0
    for index in range(1, len(states)):
        if states[index] != states[index - 1]:
            total += 0.8 + (index - 1) * (1.2 - 0.8) / (21 - 2)
    return total / 20


@given(st.lists(st.booleans(), min_size=21, max_size=21))
def test_share_is_that_of_the_published_loop(states: list[bool]) -> None:
    ages = [20 - index for index in range(1, 21) if states[index] != states[index - 1]]
    assert share_changed(ages, 21) == pytest.approx(nagios(states))


def test_every_state_another_is_the_whole_share() -> None:
    assert share_changed(range(20), 21) == pytest.approx(1.0)


def expected(dark: Sequence[bool]) -> list[tuple[int, int | None]]:
    """When flapping began and ended, by the number of the reading; by brute force over whole histories."""
    found: list[tuple[int, int | None]] = []
    states = [False] * 21
    flaps = False
    for number, state in enumerate(dark):
        states = [*states[1:], state]
        share = nagios(states)
        if not flaps and share > FLAP.flap.high:  # type: ignore[union-attr]
            flaps = True
            found.append((number, None))
        elif flaps and share < FLAP.flap.low:  # type: ignore[union-attr]
            flaps = False
            found[-1] = (found[-1][0], number)
    return found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([1, 1, 2, 3, 9, 25]), min_size=1, max_size=14),
    st.sets(st.integers(1, 100), max_size=5),
    st.booleans(),
)
def test_flapping_is_that_of_brute_force_however_readings_are_divided(
    runs: list[int],
    cuts: set[int],
    restarts: bool,  # noqa: FBT001 - a case
) -> None:
    dark = [
        state for run, state in zip(runs, itertools.cycle([True, False]), strict=False) for _ in range(run)
    ]
    readings = [told(number, number, power=0.0 if state else 60.0) for number, state in enumerate(dark)]
    bounds = [0, *sorted(cut for cut in cuts if cut < len(readings)), len(readings)]
    bench = Bench([FLAP])
    for start, end in itertools.pairwise(bounds):
        bench.feed(batch(readings[start:end]))
        if restarts:
            assert not bench.restart()

    faults = history(bench.changes)
    flapping = {key: value for key, value in faults.items() if key[0] == "lamp.dark.flapping"}
    found = sorted((began, ended) for began, ended in flapping.values())
    minutes = [(b // 60_000, e if e is None else e // 60_000) for b, e in found]
    assert minutes == expected(dark)


_CABINET = Device(id="cabinet-1", kind="lighting-cabinet", area="tam-ky", interval_s=60.0)
_FED = lamp(powered_by=Supply(parent="cabinet-1", circuit="1"))
_BESIDE = replace(
    rule(
        "lamp.beside",
        Lasting(when=condition("m.power_w < 3 && parent('powered_by').cmd_on", "streetlight")),
    ),
    flap=Flap(),
)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from([1, 1, 2, 3, 9]), min_size=1, max_size=10),
    st.sets(st.integers(1, 60), max_size=4),
    st.booleans(),
)
def test_flapping_of_a_rule_that_asks_others_is_that_of_brute_force(
    runs: list[int],
    cuts: set[int],
    restarts: bool,  # noqa: FBT001 - a case
) -> None:
    dark = [s for run, s in zip(runs, itertools.cycle([True, False]), strict=False) for _ in range(run)]
    bench = Bench([_BESIDE, DARK], [_CABINET, _FED])
    for number, state in enumerate(dark):
        # The cabinet speaks first, and is known at the marks only.
        cabinet = Told(number * 60_000, number, device="cabinet-1", values={"cmd_on": True})
        bench.feed(
            batch([cabinet], "lighting-cabinet"), batch([told(number, number, power=60.0 * (not state))])
        )
        if number in cuts:
            bench.feed(Mark(START_MS + number * 60_000 + 500, caught_up=True))
            if restarts:
                assert not bench.restart()
    bench.feed(Mark(START_MS + len(dark) * 60_000 + 2 * LATENESS_MS, caught_up=True))

    faults = history(bench.changes)
    found = sorted(value for key, value in faults.items() if key[0] == "lamp.beside.flapping")
    assert [(b // 60_000, e if e is None else e // 60_000) for b, e in found] == expected(dark)


def test_rule_without_limits_never_flaps_and_keeps_nothing() -> None:
    bench = Bench([DARK])
    bench.feed(batch([told(n, n, power=60.0 * (n % 2)) for n in range(40)]))
    assert {change.rule for change in bench.changes} == {"lamp.dark"}


def test_quiet_pair_is_forgotten() -> None:
    bench = Bench([FLAP])
    bench.feed(batch([told(0, 0), told(1, 1, power=0.0), told(2, 2)]))
    lane = bench.engine._lanes["streetlight"]  # noqa: SLF001 - what is kept is the point
    assert lane.flapping.states_of(0)
    bench.feed(batch([told(n, n) for n in range(3, 30)]))
    assert not lane.flapping.states_of(0)


def test_flapping_ends_when_its_rule_no_longer_watches() -> None:
    bench = Bench([FLAP])
    [*_, flapping] = [
        change
        for change in bench.feed(batch([told(n, n, power=60.0 * (n % 2)) for n in range(30)]))
        if change.rule == "lamp.dark.flapping"
    ]
    assert isinstance(flapping, FaultRaised)
    assert flapping.title.en == "Flapping: lamp.dark"
    assert flapping.why["values"].endswith("%")
    ended = [change for change in bench.restart([DARK]) if isinstance(change, FaultCleared)]
    assert [change.id for change in ended] == [flapping.id]


@pytest.mark.parametrize("wrong", [{"window": 2}, {"high": 0.1}, {"low": 0.0}, {"high": 1.0}])
def test_limits_that_cannot_be_met_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="flap needs a window"):
        Flap(**wrong)  # type: ignore[arg-type]
