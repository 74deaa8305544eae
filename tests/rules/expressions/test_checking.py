"""What an author is told about a wrong expression, and where."""

import pytest

from rules.errors import ExpressionError
from rules.expressions.expression import condition, text_value
from rules.expressions.parser import MAX_DEPTH, MAX_LENGTH
from rules.expressions.scope import ContextCall, Subject


@pytest.mark.parametrize(
    ("text", "column", "problem"),
    [
        ("m.powr_w < 1", 1, "did you mean 'power_w'"),
        ("m.power_w < d.contract_w", 13, "no 'd.contract_w'"),
        ("m.power_w < m.voltage_v", 11, "units differ"),
        ("m.power_w + m.voltage_v > 3", 11, "units differ"),
        ("m.power_w % m.voltage_v > 3", 11, "units differ"),
        ("m.power_factor_ratio > m.dim_pct", 22, "units differ"),
        ("m.power_w", 1, "must be a bool"),
        ("m.cmd_on && m.power_w", 13, "&& joins bools"),
        ("!m.power_w", 2, "! negates a bool"),
        ("-m.cmd_on > 1", 2, "needs a number"),
        ("m.cmd_on > true", 1, "compares numbers"),
        ("m.cmd_on == 1", 10, "cannot compare"),
        ("m.power_w in [1, 'a']", 18, "cannot compare"),
        ("m.power_w in [m.power_w]", 15, "literals only"),
        ("m.power_state == 'onn'", 18, "one of on, off"),
        ("m.power_state in ['on', 'onn']", 25, "one of on, off"),
        ("m.cmd_on ? 1 : true", 10, "cannot choose between"),
        ("m.power_w ? true : false", 1, "? asks a bool"),
        ("m.power_w <", 12, "a value is expected"),
        ("(m.cmd_on", 10, "')' is expected"),
        ("m.cmd_on m.cmd_on", 10, "an operator or the end"),
        ("power_w < 1", 1, "a name is one of"),
        ("m. < 1", 4, "a name is expected after the point"),
        ("x.power_w < 1", 1, "a name is one of"),
        ("e.speed_kmh > 1", 1, "names for readings are those of m, d, prev"),
        ("sqrt(m.power_w) > 1", 1, "no function 'sqrt'"),
        ("abs() > 1", 1, "takes one argument"),
        ("avg(m.power_w) > 1", 1, "takes a field and a span"),
        ("avg(d.rated_w, '10m') > 1", 5, "asks about a field"),
        ("avg(m.power_w + 1, '10m') > 1", 15, "asks about a field"),
        ("avg(m.power_w, 10) > 1", 16, "a literal text"),
        ("avg(m.power_w, 'soon') > 1", 16, "soon"),
        ("avg(m.power_w, '13h') > 1", 16, "at most 12h"),
        ("avg(m.power_w, '0s') > 1", 16, "longer than nothing"),
        ("rate(m.cmd_on, '10m') > 1", 6, "rate() needs a number"),
        ("count(m.power_state, '10m') > 1", 7, "counts numbers and bools"),
        ("max(m.power_w, '10m') > m.voltage_v", 23, "units differ"),
        ("vehicles.seen('30m') > 0", 1, "means nothing for a streetlight"),
        ("vehicles.seen() > 0", 1, "takes a span"),
        ("parent('uplink').cmd_on", 1, "is used as parent('powered_by').field"),
        ("parent('powered_by').power_watt > 1", 22, "did you mean 'power_w'"),
        ("parent('powered_by') > 1", 1, "is used as parent('powered_by').field"),
        ("siblings.share(m.power_w) > 1", 16, "asks a bool"),
        ("siblings.share(avg(m.power_w, '5m') > 1) > 1", 16, "about their readings only"),
        ("children.sum(m.power_w) > 1", 1, "means nothing for a streetlight"),
        ("abs(m.cmd_on) > 1", 5, "needs a number"),
        ("has(1)", 1, "asks about a name"),
        ("sun.is_up(15)", 11, "literal text"),
        ("sun.is_up('soon')", 11, "written like 90s"),
        ("sun.is_up('1m', '2m')", 1, "at most 1 argument"),
        ("calibration.valid()", 1, "means nothing for a streetlight"),
        ("m.cmd_on # on", 10, "begins nothing"),
        ("m.power_state == 'on", 18, "end with its quote"),
        ("m.power_w > 1e16", 13, "within 1e+15 of zero"),
        ("1" + " + 1" * 12 + " > 1", 47, "at most 12 values"),
        (" " * MAX_LENGTH + "true", MAX_LENGTH, "at most 1000 characters"),
        ("!" * MAX_DEPTH + "true", 41, "at most 40 levels"),
        ("(" * 50 + "true" + ")" * 50, 41, "at most 40 levels"),
        ("", 1, "a value is expected here, got the end"),
    ],
)
def test_condition_that_breaks_a_rule_names_it_and_the_column(text: str, column: int, problem: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        condition(text, "streetlight")
    assert caught.value.column == column
    assert problem in caught.value.problem


@pytest.mark.parametrize(
    "text",
    [
        "m.cmd_on && m.power_w < 0.10 * d.rated_w",
        "m.power_w / d.rated_w > 0.5 && m.power_w / m.voltage_v < m.current_a",
        "m.energy_kwh - prev.energy_kwh < 0",
        "m.cmd_on ? m.power_w > 1 : m.power_w < 1",
        'm.power_state == "on" || m.power_state in ["low"]',
        "d.area == 'tam-ky' && d.interval_s > 30",
        "abs(-m.power_w) >= .5 && has(m.temp_c) && m.switch_on_count > 1e3",
        "m.time_quality != 'ok' && !sun.is_up('-15m') && sun.is_up()",
        "(((true)))",
    ],
)
def test_condition_of_the_language_is_accepted(text: str) -> None:
    assert condition(text, "streetlight").text == text


def test_condition_about_an_event_knows_its_vehicle_and_the_camera() -> None:
    found = condition("e.speed_kmh > d.limit_kmh && calibration.valid()", "traffic-camera", Subject.EVENT)
    assert found.columns == ("e.speed_kmh", "d.limit_kmh")
    assert found.context == {ContextCall("calibration.valid")}


def test_condition_about_an_event_knows_no_reading() -> None:
    with pytest.raises(ExpressionError, match="names for events are those of e, d"):
        condition("m.stream_up", "traffic-camera", Subject.EVENT)


def test_condition_with_the_sun_says_which_columns_it_needs() -> None:
    found = condition("sun.is_up('-15m') || sun.is_up('1h30m')", "streetlight")
    assert {call.offset_ms for call in found.context} == {-900_000, 5_400_000}


def test_text_value_joins_texts_and_refuses_numbers() -> None:
    key = text_value("e.plate + '|' + d.street", "traffic-camera", Subject.EVENT)
    assert key.columns == ("e.plate", "d.street")
    with pytest.raises(ExpressionError, match="must be a text"):
        text_value("e.speed_kmh", "traffic-camera", Subject.EVENT)
