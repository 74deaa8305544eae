"""Functions of past, sun, programme, clock and other devices: their values mean the same everywhere.

CEL has none of them: there each call stands as a variable, which has the value that the engine computed.
"""

from collections.abc import Mapping
from typing import Any

import cel
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.expressions.evaluator import evaluate
from rules.expressions.expression import condition

_KIND = "streetlight"


def _column(call: str) -> str:
    """The column under which the engine adds a call's values."""
    asked = condition(f"has({call})", _KIND)
    columns = {one.column for one in asked.context} | {one.column for one in asked.windows}
    (found,) = columns | {one.column for one in asked.relations}
    return found


_NUMBERS = {
    call: (f"f.n{place}", _column(call))
    for place, call in enumerate(
        [
            "avg(m.power_w, '10m')",
            "min(m.power_w, '1h')",
            "rate(m.switch_on_count, '30m')",
            "count(m.cmd_on, '5m')",
            "usual(m.power_w)",
            "sun.elevation()",
            "local.time()",
            "local.weekday()",
            "local.day()",
            "programme.dim_pct()",
            "siblings.share(m.power_w < 3)",
        ]
    )
}
_BOOLS = {
    call: (f"f.b{place}", _column(call))
    for place, call in enumerate(
        ["sun.is_up('30m')", "sun.is_up()", "programme.expects()", "parent('powered_by').cmd_on"]
    )
}
_CALLS = _NUMBERS | _BOOLS
_SCHEMA = {column: pl.Float64 for _, column in _NUMBERS.values()} | {
    column: pl.Boolean for _, column in _BOOLS.values()
}
_QUARTERS = st.integers(-40, 40).map(lambda quarters: quarters / 4)
_ROWS = st.fixed_dictionaries(
    {column: st.none() | _QUARTERS for _, column in _NUMBERS.values()}
    | {column: st.none() | st.booleans() for _, column in _BOOLS.values()}
)
_NUMBER_TERMS = st.tuples(
    st.sampled_from(sorted(_NUMBERS)),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    _QUARTERS,
    st.sampled_from(["{}", "abs({})", "({} * 2.0)", "({} - 1.5)"]),
).map(lambda p: f"{p[3].format(p[0])} {p[1]} {p[2]!r}")
_TERMS = (
    _NUMBER_TERMS
    | st.sampled_from(sorted(_BOOLS))
    | st.sampled_from(sorted(_CALLS)).map(lambda call: f"has({call})")
)
_TEXTS = st.recursive(
    _TERMS,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})")
        | inner.map(lambda text: f"!({text})")
        | st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})")
    ),
    max_leaves=6,
)


def _by_cel(text: str, row: Mapping[str, Any]) -> bool | None:
    known: dict[str, Any] = {}
    # The longest first: "sun.is_up()" is no part of another, but names of calls may be.
    for call in sorted(_CALLS, key=len, reverse=True):
        variable, column = _CALLS[call]
        text = text.replace(call, variable)
        if row[column] is not None:
            known[variable.removeprefix("f.")] = row[column]
    try:
        found = cel.evaluate(text, cel.Context(variables={"f": known}, functions={"abs": abs}))
    except (KeyError, TypeError, ValueError, RuntimeError):
        return None
    assert isinstance(found, bool)
    return found


@settings(max_examples=80)
@given(_TEXTS, st.lists(_ROWS, min_size=1, max_size=4))
def test_functions_mean_the_same_to_compiler_reference_and_cel(text: str, rows: list[dict[str, Any]]) -> None:
    asked = condition(text, _KIND)
    reference = [evaluate(asked.tree, row) for row in rows]
    frame = pl.DataFrame(rows, schema=_SCHEMA).with_columns(asked.compiled.alias("found"))
    assert frame["found"].to_list() == reference
    assert [_by_cel(text, row) for row in rows] == reference
