"""Dated tables: what they give, in the compiler, in the reference and beside the Rust CEL binding."""

from collections.abc import Mapping
from typing import Any

import cel
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.errors import ExpressionError
from rules.expressions.evaluator import evaluate
from rules.expressions.expression import condition
from rules.expressions.rendering import render
from rules.expressions.tables import FIRST_DAY, LAST_DAY, Interval, Table, TableKey, TableRow
from rules.expressions.writing import written

_KIND = "streetlight"
_DAYS = (20261121, 20261122, 20261123)
_INTERVALS = st.builds(
    Interval,
    low=st.none() | st.integers(-3, 3).map(float),
    high=st.none() | st.integers(-3, 3).map(float),
    with_low=st.booleans(),
    with_high=st.booleans(),
)
_STATES = st.sampled_from(["on", "off", "low"])
_ROWS = st.builds(
    TableRow,
    keys=st.tuples(st.none() | st.frozensets(_STATES, min_size=1), st.none() | _INTERVALS),
    value=st.integers(0, 9).map(float),
    valid_from=st.sampled_from([FIRST_DAY, *_DAYS]),
    valid_to=st.sampled_from([*_DAYS, LAST_DAY]),
)
_TABLES = st.lists(_ROWS, min_size=1, max_size=4).map(
    lambda rows: Table(
        "levels", (TableKey("state", "text"), TableKey("power", "float")), "float", tuple(rows)
    )
)
_TOLD = st.fixed_dictionaries(
    {
        "power_state": st.none() | _STATES,
        "power_w": st.none() | st.integers(-4, 4).map(float),
        "local.day(0)": st.sampled_from(_DAYS).map(float),
    }
)
_SCHEMA = {"power_state": pl.String, "power_w": pl.Float64, "local.day(0)": pl.Float64}
_TEXT = "table('levels', m.power_state, m.power_w) >= 5 || !has(table('levels', m.power_state, m.power_w))"


@settings(max_examples=80)
@given(_TABLES, st.lists(_TOLD, min_size=1, max_size=5))
def test_table_on_random_rows_means_the_same_to_compiler_reference_and_cel(
    table: Table, told: list[dict[str, Any]]
) -> None:
    asked = condition(_TEXT, _KIND, tables={"levels": table})
    reference = [evaluate(asked.tree, row) for row in told]
    frame = pl.DataFrame(told, schema=_SCHEMA).with_columns(asked.compiled.alias("found"))
    assert frame["found"].to_list() == reference
    assert [_by_cel(table, row) for row in told] == reference
    assert bool(asked.context) == table.is_dated


def _by_cel(table: Table, row: Mapping[str, Any]) -> bool:
    """CEL has no tables: it is given what a plain search finds."""
    found = [one.value for one in table.rows if _is_for(one, row)]
    m = {"found": found[0]} if found else {}
    worth = cel.evaluate("has(m.found) ? m.found >= 5.0 : true", cel.Context(variables={"m": m}))
    assert isinstance(worth, bool)
    return worth


def _is_for(one: TableRow, row: Mapping[str, Any]) -> bool:
    states, powers = one.keys
    in_force = one.valid_from <= row["local.day(0)"] <= one.valid_to
    assert states is None or isinstance(states, frozenset)
    assert powers is None or isinstance(powers, Interval)
    fits_state = states is None or row["power_state"] in states
    fits_power = powers is None or (row["power_w"] is not None and powers.holds(row["power_w"]))
    return in_force and fits_state and fits_power


_SPEEDS = Table(
    "tier",
    (TableKey("excess", "float"),),
    "text",
    (
        TableRow((Interval(5, 10),), "first"),
        TableRow((Interval(10, 20, with_high=True),), "second"),
        TableRow((Interval(20, 35, with_low=False, with_high=True),), "third"),
        TableRow((Interval(35, None, with_low=False),), "fourth"),
    ),
)


@pytest.mark.parametrize(
    ("excess", "tier"),
    [(4.9, None), (5, "first"), (9.9, "first"), (10, "second"), (20, "second"), (20.1, "third"),
     (35, "third"), (35.1, "fourth"), (None, None)],
)  # fmt: skip
def test_bounds_of_intervals_are_inside_or_outside_as_they_say(
    excess: float | None, tier: str | None
) -> None:
    assert _SPEEDS.look_up((excess,), None) == tier


def test_row_holds_from_its_first_day_to_its_last() -> None:
    day = TableRow((None,), 1.0, valid_from=20250101, valid_to=20260814)
    table = Table("t", (TableKey("x", "float"),), "float", (day, TableRow((None,), 2.0, valid_from=20260815)))
    assert [table.look_up((0.0,), day) for day in (20241231, 20250101, 20260814, 20260815)] == [None, 1, 1, 2]


def test_lookup_is_written_and_rendered_with_its_keys_and_what_it_gives() -> None:
    tree = condition("table('tier', m.power_w) == 'second'", _KIND, tables={"tier": _SPEEDS}).tree
    assert written(tree) == "(table('tier', m.power_w) == 'second')"
    assert render(tree, {"power_w": 12.0}) == "table('tier', 12) (= 'second') == 'second'"
    assert render(tree, {"power_w": None}) == "table('tier', unknown) (= unknown) == 'second'"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("table('teir', m.power_w) == 'x'", "there is no table 'teir'; did you mean 'tier'?"),
        ("table(m.power_w) == 'x'", "table is used as table('name', key, ...)"),
        ("table('tier') == 'x'", "looked up by excess, got 0 keys"),
        ("table('tier', m.power_state) == 'x'", "the key 'excess' is a float, got a text"),
        ("table('tier', m.power_w) > 3", "> compares numbers, got a text"),
    ],
)
def test_lookup_that_cannot_be_meant_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        condition(text, _KIND, tables={"tier": _SPEEDS})
    assert problem in caught.value.problem
