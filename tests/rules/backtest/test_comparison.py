"""Which faults of history and backtest are the same, and which are added, missing or moved."""

from dataclasses import replace
from typing import Any

from devices.registry import Registry
from rules.backtest.comparison import Moved, RuleFigures, compared
from rules.backtest.past_fault import PastFault
from rules.backtest.span import Span
from rules.backtest.workload import incidents_per_hour, notified_incidents
from rules.faults import Severity, fault_id
from tests.rules.detection.support import lamp

SPAN = Span(0, 1_000_000, 8_200_000)


def fault(since_ms: int, *, rule: str = "lamp.dark", device: str = "lamp-1", **more: Any) -> PastFault:
    plain: dict[str, Any] = {
        "id": fault_id(rule, device, since_ms),
        "rule_version": 1,
        "kind": "streetlight",
        "area": "tam-ky",
        "severity": Severity.MINOR,
        "raised_at_ms": since_ms + 100,
        "detected_at_ms": since_ms + 200,
    }
    return PastFault(rule=rule, device=device, since_ms=since_ms, **(plain | more))


def test_faults_alike_in_every_respect_are_the_same() -> None:
    both = [fault(1_500_000), fault(2_000_000, cleared_at_ms=2_500_000)]
    arrived_later = [replace(one, detected_at_ms=one.detected_at_ms + 5) for one in both]
    assert compared(both, arrived_later, SPAN).is_identical


def test_fault_that_only_one_side_has_is_added_or_missing() -> None:
    ours, theirs = fault(1_500_000), fault(1_500_000, device="lamp-2")
    comparison = compared([ours], [theirs], SPAN)
    assert (comparison.missing, comparison.added, comparison.moved) == ([ours], [theirs], [])
    assert comparison.by_rule == {"lamp.dark": RuleFigures(added=1, missing=1)}


def test_fault_with_other_times_or_of_another_version_is_moved() -> None:
    live = fault(1_500_000, cleared_at_ms=1_900_000)
    for other in (
        replace(live, raised_at_ms=live.raised_at_ms + 1),
        replace(live, cleared_at_ms=1_900_001),
        replace(live, cleared_at_ms=None),
        replace(live, rule_version=2),
        fault(1_600_000, cleared_at_ms=1_900_000),
    ):
        assert compared([live], [other], SPAN).moved == [Moved(live, other)]


def test_faults_of_other_times_are_not_one_that_moved() -> None:
    early, late = fault(1_500_000, cleared_at_ms=1_600_000), fault(1_700_000)
    comparison = compared([early], [late], SPAN)
    assert (comparison.missing, comparison.added) == ([early], [late])


def test_faults_active_at_the_start_match_whenever_they_began() -> None:
    live, warmed_up = fault(10_000, cleared_at_ms=1_200_000), fault(700_000, cleared_at_ms=1_200_000)
    assert compared([live], [warmed_up], SPAN).is_identical
    assert not compared([live], [replace(warmed_up, cleared_at_ms=1_300_000)], SPAN).is_identical


def test_incidents_are_counted_once_for_a_cause_and_only_in_the_period() -> None:
    registry = Registry([lamp("lamp-1"), lamp("lamp-2")])
    before = fault(100_000)
    inside = [fault(1_500_000, device="lamp-2", cleared_at_ms=1_600_000), fault(3_000_000, device="lamp-2")]
    assert notified_incidents([before, *inside], (), registry, SPAN) == 2
    assert incidents_per_hour([before, *inside], (), registry, SPAN, operators=2) == 0.5
