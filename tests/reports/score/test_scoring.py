from dataclasses import replace
from typing import Any

import pytest

from reports.score.as_json import as_json
from reports.score.catalogue import rule_book
from reports.score.figures import Score, TypeScore, p95
from reports.score.raised import RaisedFault
from reports.score.scoring import score
from reports.score.truth import Injection
from rules.loading import load_rules
from tests.reports.score.support import BOOK, injection, raised, reports, suspected, truth

SPEEDING: dict[str, Any] = {"fault": "speeding", "kind": "traffic-camera", "rules": ("camera.speeding",)}


def scored(injections: list[Injection], *faults: RaisedFault) -> Score:
    return score(truth(*injections), reports(*faults), BOOK)


def row(result: Score, fault: str) -> TypeScore:
    [found] = [one for one in result.types if one.fault == fault]
    return found


def test_score_counts_found_missed_and_false() -> None:
    result = scored(
        [injection("L-1"), injection("L-2"), injection("L-3")],
        raised("L-1", 15),
        raised("L-2", 12),
        raised("L-9", 30),
    )
    figures = result.faults
    assert (figures.found, figures.missed, figures.false) == (2, 1, 1)
    assert (figures.precision, figures.recall) == (0.6667, 0.6667)
    assert [one.device for one in result.missed] == ["L-3"]
    assert [one.device for one in result.false] == ["L-9"]


def test_delay_runs_from_the_first_observable_moment_to_detection() -> None:
    late = replace(injection("L-1"), observable_from_ms=injection(from_min=20).from_ms)
    assert scored([late], raised("L-1", 25)).faults.delays_s == (305.0,)


def test_repeats_are_neither_right_nor_false_but_people_were_told_of_them() -> None:
    result = scored([injection()], raised(at_min=15), raised(at_min=25), raised(at_min=35))
    assert (result.faults.repeats, result.faults.precision, result.incidents) == (2, 1.0, 3)


def test_injections_that_nobody_could_find_are_left_out() -> None:
    never, too_late, just = (
        injection("L-1", observable_from_ms=None),
        injection("L-2", from_min=175, to_min=200),
        injection("L-3", from_min=174, to_min=200),
    )
    figures = scored([never, too_late, just]).faults
    assert (figures.injected, figures.left_out, figures.missed) == (3, 2, 1)


def test_false_report_counts_against_every_type_it_may_have_meant_and_once_in_total() -> None:
    both = [injection("L-1"), injection("L-2", fault="lamp_dim")]
    result = scored(both, raised("L-9"))
    assert [row(result, name).figures.false for name in ("lamp_out", "lamp_dim")] == [1, 1]
    assert result.faults.false == 1


def test_false_report_of_another_kind_is_held_against_no_lamp() -> None:
    result = scored([injection(rules=("any.silent",))], raised("W-1", rule="any.silent", kind="wifi-ap"))
    assert (row(result, "lamp_out").figures.false, result.faults.false) == (0, 1)


def test_look_alikes_have_rows_of_their_own() -> None:
    alike = injection("L-1", fault="false_zero", real=False, rules=())
    result = scored([alike, injection("L-2")], raised("L-1"), raised("L-2"))
    assert row(result, "false_zero").figures.false == 1
    assert (result.faults.injected, result.faults.precision) == (1, 0.5)
    assert result.false[0].look_alike == "false_zero"


def test_types_without_a_rule_count_in_the_total_but_not_among_the_covered() -> None:
    result = scored([injection("L-1"), injection("L-2", fault="cycling", rules=("lamp.cycling",))], raised())
    assert (result.faults.recall, result.covered.recall) == (0.5, 1.0)
    assert not row(result, "cycling").covered


def test_incidents_are_counted_by_hour_and_per_operator() -> None:
    faults = (
        raised("L-1", 5, incident="I-1"),
        raised("L-2", 6, incident="I-1"),
        raised("L-3", 65),
        raised("L-4", 66, suppressed=True),
    )
    result = score(truth(hours=2, devices=1_500), reports(*faults), BOOK)
    assert (result.incidents_by_hour, result.operators) == ((1, 1), 2)
    assert result.incidents_per_operator_hour == 0.5


def test_reports_outside_the_run_are_not_judged() -> None:
    assert scored([], raised(at_min=-1), raised(at_min=181)).faults.false == 0


def test_violations_are_judged_one_by_one_and_by_injection() -> None:
    speeding = injection("T-1", events=3, **SPEEDING)
    quiet = injection("T-2", events=2, **SPEEDING)
    raised_there = tuple(suspected(minute) for minute in (11, 12, 13, 14))
    result = score(truth(speeding, quiet), reports(violations=(*raised_there, suspected(120))), BOOK)
    figures = row(result, "speeding").figures
    assert (figures.found, figures.missed, figures.right, figures.false) == (1, 1, 3, 2)
    assert (figures.event_recall, figures.median_delay_s) == (0.6, 2.0)
    assert (result.violations.precision, result.faults.injected) == (0.6, 0)
    assert [one.device for one in result.missed] == ["T-2"]


def test_violations_without_a_count_are_all_right_while_the_injection_lasts() -> None:
    found = tuple(suspected(minute) for minute in (11, 12))
    result = score(truth(injection("T-1", **SPEEDING)), reports(violations=found), BOOK)
    figures = result.violations
    assert (figures.recall, figures.precision, figures.event_recall) == (1.0, 1.0, None)


def test_json_has_the_names_that_were_promised() -> None:
    figures = as_json(scored([injection()], raised()))
    promised = ("precision", "recall", "median_delay_s", "incidents_per_operator_hour")
    assert [figures[name] for name in promised] == [1.0, 1.0, 305.0, pytest.approx(0.3333)]
    assert figures["types"]["lamp_out"]["found"] == 1


@pytest.mark.parametrize(("late_min", "is_within"), [(0, True), (30, False)])
def test_median_delay_of_a_type_is_held_against_its_bound(late_min: float, is_within: bool) -> None:  # noqa: FBT001
    found = scored([injection(from_min=10)], raised(at_min=15 + late_min))
    row = next(row for row in found.types if row.fault == "lamp_out")
    assert (row.bound_s, row.is_within_bound) == (360, is_within)
    figures = as_json(found)
    assert figures["types"]["lamp_out"]["within_bound"] is is_within
    assert figures["types_beyond_bound"] == ([] if is_within else ["lamp_out"])


def test_empty_run_has_no_shares() -> None:
    figures = as_json(scored([]))
    assert (figures["precision"], figures["recall"], figures["median_delay_s"]) == (None, None, None)


@pytest.mark.parametrize(("count", "value"), [(1, 1.0), (19, 19.0), (20, 19.0), (100, 95.0)])
def test_p95_is_the_nearest_rank(count: int, value: float) -> None:
    assert p95(range(1, count + 1)) == value


def test_reaction_times_come_from_the_catalogue() -> None:
    book = rule_book(load_rules())
    assert book.reaction_ms(injection()) == (5 * 60 + 60 + 120) * 1000
    assert book.reaction_ms(injection(rules=("any.silent",))) == (3 * 60 + 10 + 60 + 120) * 1000
    assert book.reaction_ms(injection(rules=("lamp.unheard_of",))) == 0
    assert rule_book(load_rules(), 300).reaction_ms(injection()) == (2 * 300 + 300 + 120) * 1000
    # What looks at a circuit's lamps waits for them: theirs is the lateness.
    breaker = injection("C-1", kind="lighting-cabinet", rules=("cabinet.breaker_tripped",))
    assert book.reaction_ms(breaker) == (60 + 60 + 120) * 1000
    assert (book.bound_s(injection()), book.bound_s(injection(rules=("lamp.unheard_of",)))) == (480, None)
    assert book.is_violation(injection("T-1", **SPEEDING))
