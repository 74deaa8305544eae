"""The life of one condition, a reading at a time."""

import pytest

from rules.detection.machine import Evidence, PairState, Phase, Sample, Timing, Transition, step
from rules.rule import Missing

_MINUTE_MS = 60_000
_T = True
_F = False
_Outcome = tuple[int, Transition]


def _timing(
    for_min: int = 2, samples: int = 1, clear_min: int = 0, missing: Missing = Missing.KEEP
) -> Timing:
    return Timing(for_min * _MINUTE_MS, samples, clear_min * _MINUTE_MS, missing)


def _run(
    timing: Timing,
    truths: list[bool | None],
    *,
    gaps: tuple[int, ...] = (),
    clears: list[bool | None] | None = None,
) -> list[_Outcome]:
    """The minutes at which something changed; the condition's end is its opposite unless given."""
    state: PairState | None = None
    found: list[_Outcome] = []
    for minute, truth in enumerate(truths):
        opposite = None if truth is None else not truth
        clear = opposite if clears is None else clears[minute]
        sample = Sample(Evidence(minute * _MINUTE_MS, minute, {}), truth, clear, after_gap=minute in gaps)
        state, transition = step(state, sample, timing)
        if transition is not Transition.NONE:
            found.append((minute, transition))
    return found


_RAISED, _CLEARED = Transition.RAISED, Transition.CLEARED


@pytest.mark.parametrize(
    ("timing", "truths", "expected"),
    [
        (_timing(0), [_T], [(0, _RAISED)]),
        (_timing(2), [_T, _T], []),
        (_timing(2), [_T, _T, _T], [(2, _RAISED)]),
        (_timing(2), [_T, _T, _F, _T, _T], []),
        (_timing(2), [_T, _T, _F, _T, _T, _T], [(5, _RAISED)]),
        (_timing(0, samples=3), [_T, _T, _T], [(2, _RAISED)]),
        (_timing(2, samples=5), [_T] * 5, [(4, _RAISED)]),
        (_timing(0), [_T, _F], [(0, _RAISED), (1, _CLEARED)]),
        (_timing(0), [_T, _F, _T], [(0, _RAISED), (1, _CLEARED), (2, _RAISED)]),
        (_timing(0, clear_min=2), [_T, _F, _F, _F], [(0, _RAISED), (3, _CLEARED)]),
        (_timing(0, clear_min=2), [_T, _F, _F, _T, _F, _F], [(0, _RAISED)]),
        (_timing(0), [_F, None, _F], []),
    ],
)
def test_condition_over_regular_readings_is_raised_and_cleared(
    timing: Timing, truths: list[bool | None], expected: list[_Outcome]
) -> None:
    assert _run(timing, truths) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [(Missing.KEEP, [(4, _RAISED)]), (Missing.CLEAR, [(5, _RAISED)]), (Missing.UNKNOWN, [(5, _RAISED)])],
)
def test_unknown_while_pending_pauses_or_forgets(missing: Missing, expected: list[_Outcome]) -> None:
    # Kept: the minute before the unknown counts and the one after the next reading; the two around it do not.
    assert _run(_timing(2, missing=missing), [_T, _T, None, _T, _T, _T]) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [(Missing.KEEP, [(3, _RAISED)]), (Missing.CLEAR, [(4, _RAISED)]), (Missing.UNKNOWN, [(4, _RAISED)])],
)
def test_gap_while_pending_is_not_counted_or_begins_anew(missing: Missing, expected: list[_Outcome]) -> None:
    assert _run(_timing(2, missing=missing), [_T, _T, _T, _T, _T], gaps=(2,)) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (Missing.KEEP, [(0, _RAISED)]),
        (Missing.CLEAR, [(0, _RAISED), (1, _CLEARED)]),
        (Missing.UNKNOWN, [(0, _RAISED)]),
    ],
)
def test_unknown_while_active_clears_only_if_told_so(missing: Missing, expected: list[_Outcome]) -> None:
    assert _run(_timing(0, missing=missing), [_T, None, None]) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [(Missing.KEEP, 5), (Missing.CLEAR, 3), (Missing.UNKNOWN, 5)],
)
def test_unknown_while_clearing_pauses_counts_or_begins_anew(missing: Missing, expected: int) -> None:
    found = _run(_timing(0, clear_min=2, missing=missing), [_T, _F, None, _F, _F, _F])
    assert found == [(0, _RAISED), (expected, _CLEARED)]


@pytest.mark.parametrize(
    ("missing", "expected"), [(Missing.KEEP, 4), (Missing.CLEAR, 5), (Missing.UNKNOWN, 5)]
)
def test_gap_while_clearing_is_not_counted_or_begins_anew(missing: Missing, expected: int) -> None:
    found = _run(_timing(0, clear_min=2, missing=missing), [_T, _F, _F, _F, _F, _F], gaps=(3,))
    assert found == [(0, _RAISED), (expected, _CLEARED)]


def test_neither_true_nor_clear_stays_active() -> None:
    found = _run(_timing(0), [_T, _F, _F, _F], clears=[_F, _F, _F, _T])
    assert found == [(0, _RAISED), (3, _CLEARED)]


def test_clear_that_stops_while_clearing_begins_anew() -> None:
    found = _run(_timing(0, clear_min=1), [_T, _F, _F, _F, _F], clears=[_F, _T, _F, _T, _T])
    assert found == [(0, _RAISED), (4, _CLEARED)]


def test_evidence_of_a_long_wait_keeps_the_first_and_the_latest_readings() -> None:
    state: PairState | None = None
    for minute in range(31):
        sample = Sample(
            Evidence(minute * _MINUTE_MS, minute, {"power_w": 1.0}), truth=True, clear=False, after_gap=False
        )
        state, transition = step(state, sample, _timing(30))
    assert transition is Transition.RAISED
    assert state is not None
    assert state.phase is Phase.ACTIVE
    assert [evidence.seq for evidence in state.evidence] == [0, *range(22, 31)]
    assert (state.since_ms, state.samples, state.held_ms) == (0, 31, 30 * _MINUTE_MS)
