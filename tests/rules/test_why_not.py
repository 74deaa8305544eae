"""Why a rule found a fault or found none, with the term that decided."""

from collections.abc import Sequence

import pytest

from devices.registry import Registry
from rules.detection.engine import Engine
from rules.expressions.expression import condition
from rules.rule import Lasting, Rule, Silence
from rules.why_not import Term, WhyNot, why_not
from tests.rules.detection.support import (
    CITY,
    DARK,
    MINUTE_MS,
    SILENT,
    START_MS,
    Told,
    batch,
    dark,
    lamp,
    rule,
    told,
)


def asked(asked_rule: Rule, readings: Sequence[Told], minute: float) -> WhyNot:
    engine = Engine([asked_rule], Registry([lamp()]), (), CITY)
    frame = batch(readings).frame.drop("area", "device_time")
    return why_not(engine, asked_rule, lamp(), frame, START_MS + round(minute * MINUTE_MS))


def test_term_that_fails_is_named_with_its_values() -> None:
    found = asked(DARK, [told(0, 0, power=0.0), told(1, 1, power=60.0), told(2, 2, power=0.0)], 1.5 + 2)
    assert found.is_fault
    found = asked(DARK, [told(0, 0, power=0.0), told(1, 1, power=60.0), told(9, 2, power=0.0)], 4)
    assert not found.is_fault
    assert found.measured_at_ms == START_MS + MINUTE_MS
    assert found.terms == (
        Term("m.cmd_on", "true", holds=True),
        Term("m.power_w < 0.10 * d.rated_w", "60 < 0.1 * 60 (= 6)", holds=False),
    )
    assert (
        found.verdict.en == "The condition does not hold: m.power_w < 0.10 * d.rated_w: 60 < 0.1 * 60 (= 6)"
    )
    assert found.verdict.vi.startswith("Điều kiện không đúng: m.power_w")


def test_unknown_term_is_named() -> None:
    found = asked(DARK, [told(0, 0), told(1, 1, power=None)], 4)
    assert (found.holds, found.is_fault) == (None, False)
    assert found.verdict.en == "It is unknown: m.power_w < 0.10 * d.rated_w: unknown < 0.1 * 60 (= 6)"


def test_condition_that_has_not_held_long_enough_says_how_long() -> None:
    found = asked(rule("lamp.dark", dark(5, min_samples=7)), [told(n, n, power=0.0) for n in range(4)], 6)
    assert found.holds
    assert found.verdict.en == "The condition has held 3m of 5m, in 4 of 7 readings."


def test_active_fault_is_one() -> None:
    readings = [told(n, n, power=0.0) for n in range(4)]
    assert asked(DARK, readings, 6).verdict.en == "There is an active fault."
    slow = rule("lamp.dark", dark(clear_for_ms=10 * MINUTE_MS))
    found = asked(slow, [*readings, told(4, 4)], 7)
    assert found.is_fault
    assert "end has not lasted" in found.verdict.en


def test_parts_of_brackets_are_terms_of_their_own() -> None:
    text = "(m.power_w > 5 || prev.power_w > abs(-70)) && (m.cmd_on && !(m.power_w > 9))"
    mixed = rule("lamp.mixed", Lasting(when=condition(text, "streetlight")))
    found = asked(mixed, [told(0, 0), told(1, 1, power=7.0)], 4)
    assert [(term.expression, term.holds) for term in found.terms] == [
        ("m.power_w > 5", True),
        ("prev.power_w > abs(-70)", False),
        ("m.cmd_on", True),
        ("!(m.power_w > 9)", True),
    ]


@pytest.mark.parametrize(("minute", "is_silent"), [(4, False), (20, True)])
def test_silence_is_explained(minute: float, is_silent: bool) -> None:  # noqa: FBT001
    found = asked(SILENT, [told(0, 0), told(1, 1)], minute)
    assert (found.is_fault, found.measured_at_ms) == (is_silent, START_MS + MINUTE_MS)


def test_without_readings_nothing_can_be_said() -> None:
    assert asked(DARK, [told(5, 1)], 4).verdict.en == "There is no reading before that moment."
    assert "wait for their place" in asked(DARK, [told(0, 1)], 0.1).verdict.en


def test_rule_for_another_kind_is_refused() -> None:
    other = rule("wifi.silent", Silence(tolerate=3), "wifi-ap")
    with pytest.raises(LookupError, match="judges no readings of a streetlight"):
        asked(other, [told(0, 0)], 4)
