from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.score.matching import Judged, Tolerance, Verdict, judge
from reports.score.raised import RaisedFault
from reports.score.truth import Injection
from tests.reports.score.support import injection, raised

EXACT = Tolerance(slack_ms=0, grace_ms=0)
SILENT = ("any.silent",)


def verdicts(
    injections: list[Injection],
    faults: list[RaisedFault],
    tolerance: Tolerance = EXACT,
    left_out: tuple[int, ...] = (),
) -> list[Verdict]:
    return [one.verdict for one in judge(injections, left_out, faults, tolerance)]


@pytest.mark.parametrize(
    ("at_min", "verdict"),
    [(9.9, "false"), (10, "hit"), (60, "hit"), (60.1, "false")],
)
def test_report_is_right_from_the_first_observable_moment_to_the_end(at_min: float, verdict: str) -> None:
    assert verdicts([injection()], [raised(at_min=at_min)]) == [verdict]


@pytest.mark.parametrize(("at_min", "verdict"), [(8.9, "false"), (9, "hit"), (70, "hit"), (70.1, "false")])
def test_tolerance_widens_the_window_on_both_sides(at_min: float, verdict: str) -> None:
    assert verdicts([injection()], [raised(at_min=at_min)], Tolerance()) == [verdict]


def test_report_before_a_fault_is_observable_is_false_although_the_fault_has_begun() -> None:
    late = replace(injection(), observable_from_ms=injection(from_min=40).from_ms)
    assert verdicts([late], [raised(at_min=20)]) == [Verdict.FALSE]


def test_any_of_the_rules_finds_and_the_next_one_repeats() -> None:
    both = injection(rules=("lamp.out", "any.silent"))
    faults = [raised(at_min=15, rule="any.silent"), raised(at_min=20), raised(at_min=30)]
    assert verdicts([both], faults) == [Verdict.HIT, Verdict.REPEAT, Verdict.REPEAT]


def test_fault_that_comes_and_goes_is_a_symptom_of_what_it_flaps_for_and_never_finds_it() -> None:
    flapping = raised(at_min=30, rule="lamp.out.flapping")
    assert verdicts([injection()], [flapping]) == [Verdict.SYMPTOM]
    assert verdicts([injection()], [raised(at_min=20), flapping]) == [Verdict.HIT, Verdict.SYMPTOM]
    beside = injection(rules=("any.silent",), also_rules=("lamp.out",))
    assert verdicts([beside], [flapping]) == [Verdict.SYMPTOM]


def test_fault_that_comes_and_goes_where_nothing_is_wrong_is_false() -> None:
    assert verdicts([injection("L-2")], [raised(rule="lamp.out.flapping")]) == [Verdict.FALSE]


def test_wrong_rule_or_device_is_false() -> None:
    assert verdicts([injection()], [raised(rule="any.silent"), raised("L-2")]) == [Verdict.FALSE] * 2


def test_symptoms_count_from_the_beginning_on_the_devices_named_and_on_the_device_itself() -> None:
    lost = injection("C-1", fault="phase_lost", rules=(), also_rules=SILENT, also_devices=("L-1",))
    faults = [raised(device, rule="any.silent") for device in ("C-1", "L-1", "L-2")]
    assert verdicts([lost], faults) == [Verdict.SYMPTOM, Verdict.SYMPTOM, Verdict.FALSE]


def test_right_report_is_a_hit_even_where_it_could_be_a_symptom() -> None:
    lost = injection("C-1", also_rules=SILENT, also_devices=("L-1",))
    silent = injection("L-1", rules=SILENT)
    assert verdicts([lost, silent], [raised("L-1", rule="any.silent")]) == [Verdict.HIT]


def test_whatever_a_look_alike_provokes_is_false_and_names_it() -> None:
    alike = injection(fault="false_zero", real=False, rules=("lamp.out",))
    [judged] = judge([alike], (), [raised()], EXACT)
    assert judged == Judged(raised(), Verdict.FALSE, alike)


def test_injections_left_out_still_explain_their_reports() -> None:
    assert verdicts([injection(observable_from_ms=None)], [raised()], left_out=(0,)) == [Verdict.LEFT_OUT]


def test_suppressed_report_is_neither_right_nor_false() -> None:
    faults = [raised(suppressed=True), raised("L-9", suppressed=True)]
    assert verdicts([injection()], faults) == [Verdict.SUPPRESSED] * 2


def test_overlapping_windows_share_reports_so_that_both_are_found() -> None:
    first, second = injection(to_min=20), injection(from_min=22, to_min=40)
    faults = [raised(at_min=24), raised(at_min=26)]
    assert verdicts([second, first], faults, Tolerance()) == [Verdict.HIT, Verdict.HIT]


DEVICES = st.sampled_from(["L-1", "L-2"])
RULES = st.sampled_from(["lamp.out", "any.silent"])
MINUTES = st.integers(0, 170)
INJECTIONS = st.builds(
    lambda device, start, lasts, rule, also, real: injection(
        device, start, start + lasts, rules=(rule,), also_rules=also, also_devices=("L-2",), real=real
    ),
    DEVICES, MINUTES, st.integers(1, 60), RULES, st.lists(RULES, max_size=1).map(tuple), st.booleans(),
)  # fmt: skip
FAULTS = st.lists(
    st.builds(lambda device, at, rule: raised(device, at, rule=rule), DEVICES, MINUTES, RULES),
    unique_by=lambda fault: fault.id,
)


def found(injections: list[Injection], faults: list[RaisedFault]) -> int:
    return verdicts(injections, faults, Tolerance()).count(Verdict.HIT)


@given(st.lists(INJECTIONS), FAULTS, st.data())
def test_verdicts_do_not_depend_on_the_order_of_anything(
    injections: list[Injection], faults: list[RaisedFault], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(injections)), data.draw(st.permutations(faults))
    assert verdicts(injections, faults, Tolerance()) == verdicts(*shuffled, Tolerance())


@given(st.lists(INJECTIONS), FAULTS, INJECTIONS)
def test_more_truth_never_finds_less(
    injections: list[Injection], faults: list[RaisedFault], more: Injection
) -> None:
    assert found([*injections, more], faults) >= found(injections, faults)


@given(st.lists(INJECTIONS), FAULTS)
def test_no_more_is_found_than_there_is(injections: list[Injection], faults: list[RaisedFault]) -> None:
    assert found(injections, faults) <= min(len(faults), sum(one.real for one in injections))


@given(st.lists(INJECTIONS), FAULTS)
def test_more_reports_never_find_less(injections: list[Injection], faults: list[RaisedFault]) -> None:
    counts = [found(injections, faults[:length]) for length in range(len(faults) + 1)]
    assert counts == sorted(counts)
