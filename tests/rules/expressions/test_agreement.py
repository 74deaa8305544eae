"""Compiler, reference evaluator and the Rust CEL binding agree on random expressions and values."""

from collections.abc import Mapping
from typing import Any

import cel
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.batch import reading_schema
from rules.expressions.compiler import clean
from rules.expressions.evaluator import evaluate
from rules.expressions.expression import condition

_KIND = "streetlight"
_SCHEMA: Mapping[str, Any] = {
    "power_w": pl.Float64,
    "cmd_on": pl.Boolean,
    "power_state": pl.String,
    "d.rated_w": pl.Float64,
    "prev.power_w": pl.Float64,
    "prev.cmd_on": pl.Boolean,
}
# Quarters are exact in binary, so that no rounding can hide a difference.
_NUMBERS = st.integers(-400, 400).map(lambda quarters: quarters / 4)
_ROWS = st.fixed_dictionaries(
    {
        "power_w": st.none() | _NUMBERS,
        "cmd_on": st.none() | st.booleans(),
        "power_state": st.none() | st.sampled_from(["on", "off", "low"]),
        "d.rated_w": st.none() | _NUMBERS,
        "prev.power_w": st.none() | _NUMBERS,
        "prev.cmd_on": st.none() | st.booleans(),
    }
)
_LITERALS = _NUMBERS.map(repr)
_DIVISORS = st.sampled_from(["0.5", "2.0", "-4.0", "0.25"])


def _numbers(depth: int, *, exotic: bool) -> st.SearchStrategy[str]:
    leaf = _LITERALS | st.sampled_from(["m.power_w", "d.rated_w", "prev.power_w"])
    if depth == 0:
        return leaf
    inner = _numbers(depth - 1, exotic=exotic)
    forms = [
        leaf,
        st.tuples(inner, st.sampled_from(["+", "-"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, _DIVISORS).map(lambda p: f"({p[0]} * {p[1]})"),
        st.tuples(inner, _DIVISORS).map(lambda p: f"({p[0]} / {p[1]})"),
        inner.map(lambda text: f"abs({text})"),
        inner.map(lambda text: f"-({text})"),
        st.tuples(_bools(depth - 1, exotic=exotic), inner, inner).map(
            lambda p: f"({p[0]} ? {p[1]} : {p[2]})"
        ),
    ]
    if exotic:  # CEL has no remainder of doubles, and divides by zero to infinity
        forms.append(st.tuples(inner, leaf).map(lambda p: f"({p[0]} / {p[1]} * 1.0)"))
        forms.append(st.tuples(inner, leaf).map(lambda p: f"({p[0]} % {p[1]})"))
    return st.one_of(forms)


def _bools(depth: int, *, exotic: bool) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(
        [
            "true",
            "false",
            "m.cmd_on",
            "prev.cmd_on",
            "has(m.power_w)",
            "has(prev.cmd_on)",
            "(m.power_state == 'on')",
            "(m.power_state in ['on', 'low'])",
            "(m.power_state != 'off')",
        ]
    )
    if depth == 0:
        return leaf
    inner, number = _bools(depth - 1, exotic=exotic), _numbers(depth - 1, exotic=exotic)
    compared = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    return st.one_of(
        leaf,
        st.tuples(number, compared, number).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(number, st.lists(_LITERALS, min_size=1, max_size=3)).map(
            lambda p: f"({p[0]} in [{', '.join(p[1])}])"
        ),
        st.tuples(inner, st.sampled_from(["&&", "||", "==", "!="]), inner).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        inner.map(lambda text: f"!({text})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})"),
    )


def _compiled(text: str, rows: list[dict[str, Any]]) -> list[bool | None]:
    frame = pl.DataFrame(rows, schema=dict(_SCHEMA))
    cleaned = frame.select(clean(name, dtype) for name, dtype in frame.schema.items())
    found = cleaned.select(condition(text, _KIND).compiled.alias("found"))["found"].to_list()
    # An expression of literals only has one value for all rows.
    return found if len(found) == len(rows) else found * len(rows)


def _by_cel(text: str, row: Mapping[str, Any]) -> bool | None:
    context: dict[str, Any] = {"m": {}, "d": {}, "prev": {}}
    for column, value in row.items():
        root, _, member = column.rpartition(".")
        if value is not None:
            context[root or "m"][member] = value
    try:
        found = cel.evaluate(text, cel.Context(variables=context, functions={"abs": abs}))
    except (KeyError, TypeError, ValueError, RuntimeError):
        return None
    assert isinstance(found, bool)
    return found


@settings(max_examples=300)
@given(_bools(3, exotic=False), st.lists(_ROWS, min_size=1, max_size=6))
def test_expression_on_random_rows_means_the_same_to_compiler_reference_and_cel(
    text: str, rows: list[dict[str, Any]]
) -> None:
    tree = condition(text, _KIND).tree
    reference = [evaluate(tree, row) for row in rows]
    assert _compiled(text, rows) == reference
    assert [_by_cel(text, row) for row in rows] == reference


@settings(max_examples=200)
@given(_bools(3, exotic=True), st.lists(_ROWS, min_size=1, max_size=6))
def test_division_on_random_rows_means_the_same_to_compiler_and_reference(
    text: str, rows: list[dict[str, Any]]
) -> None:
    tree = condition(text, _KIND).tree
    assert _compiled(text, rows) == [evaluate(tree, row) for row in rows]


@given(st.sampled_from([float("nan"), float("inf"), float("-inf"), 1e20, -1e20]))
def test_value_that_is_no_measurement_is_unknown(value: float) -> None:
    row = {"power_w": value, "d.rated_w": 60.0}
    text = "m.power_w < d.rated_w || m.power_w >= d.rated_w"
    assert evaluate(condition(text, _KIND).tree, row) is None
    frame = pl.DataFrame([row]).select(clean("power_w", pl.Float64), "d.rated_w")
    assert frame.select(condition(text, _KIND).compiled).to_series().to_list() == [None]


def test_division_by_zero_is_unknown() -> None:
    text = "m.power_w / d.rated_w > 1 || m.power_w % d.rated_w > 1"
    row = {"power_w": 5.0, "d.rated_w": 0.0}
    assert evaluate(condition(text, _KIND).tree, row) is None
    assert _compiled(text, [row]) == [None]


def test_clean_of_integers_and_enums_gives_doubles_and_texts() -> None:
    schema = reading_schema(_KIND)
    frame = pl.DataFrame({"switch_on_count": [3], "time_quality": ["bad"]}).cast(
        {name: schema[name] for name in ("switch_on_count", "time_quality")}
    )
    cleaned = frame.select(clean(name, dtype) for name, dtype in frame.schema.items())
    assert cleaned.schema == {"switch_on_count": pl.Float64, "time_quality": pl.String}
    assert cleaned.row(0) == (3.0, "bad")
