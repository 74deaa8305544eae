"""From a checked syntax tree to one polars expression.

Nulls are unknown: polars' `&` and `|` are Kleene's, its comparisons give null for null. The columns must hold
clean numbers, which `clean` makes of measured ones.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce

import polars as pl

from rules.expressions.evaluator import SMALLEST_DIVISOR, WIDEST_VALUE
from rules.expressions.relations import RELATION_FUNCTIONS, relation_call
from rules.expressions.scope import CONTEXT_FUNCTIONS, LOCAL_DAY, column_of, context_call
from rules.expressions.syntax import Binary, Call, Choice, In, Literal, Lookup, Name, Node, Unary
from rules.expressions.tables import Interval, TableRow
from rules.expressions.windows import WINDOW_FUNCTIONS, window_call

__all__ = ["clean", "compile_tree"]


def clean(column: str, data_type: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """A measured column as expressions want it: numbers as doubles, what is no measurement as null."""
    values = pl.col(column)
    if data_type == pl.Float64:
        # NaN is greater than everything in polars, so that it fails the comparison like infinity.
        return pl.when(values.abs() <= WIDEST_VALUE).then(values).alias(column)
    if isinstance(data_type, pl.Enum):
        return values.cast(pl.String)
    return values.cast(pl.Float64) if data_type.is_numeric() else values


def compile_tree(node: Node) -> pl.Expr:  # noqa: C901, PLR0911 - one return for each sort of node
    """The polars expression of a tree that the checker has passed."""
    match node:
        case Literal():
            return pl.lit(node.value)
        case Name():
            return pl.col(column_of(node))
        case Unary():
            operand = compile_tree(node.operand)
            return operand.not_() if node.operator == "!" else -operand
        case Binary():
            return _binary(node)
        case Choice():
            condition = compile_tree(node.condition)
            # An unknown condition meets neither branch and gives null.
            return (
                pl.when(condition)
                .then(compile_tree(node.yes))
                .when(condition.not_())
                .then(compile_tree(node.no))
            )
        case In():
            return compile_tree(node.operand).is_in([option.value for option in node.options])
        case Call():
            return _call(node)
        case Lookup():
            return _lookup(node)


def _binary(node: Binary) -> pl.Expr:
    left, right = compile_tree(node.left), compile_tree(node.right)
    if node.operator in ("/", "%"):
        right = pl.when(right.abs() >= SMALLEST_DIVISOR).then(right)
    return _BINARY[node.operator](left, right)


_BINARY: Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "&&": lambda left, right: left & right,
    "||": lambda left, right: left | right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": lambda left, right: left % right,
}


def _lookup(node: Lookup) -> pl.Expr:
    """The value of the first row that fits; a condition that is unknown fits not."""
    keys = [compile_tree(key) for key in node.keys]
    # Those that fit not are null, and the first that is not null counts.
    return pl.coalesce(pl.when(_fits(row, keys)).then(pl.lit(row.value)) for row in node.table.rows)


def _fits(row: TableRow, keys: Sequence[pl.Expr]) -> pl.Expr:
    pairs = zip(row.keys, keys, strict=True)
    terms = [term for wanted, key in pairs if wanted is not None for term in _terms(wanted, key)]
    if row.is_dated:
        day = pl.col(LOCAL_DAY.column)
        terms += [day >= row.valid_from, day <= row.valid_to]
    return reduce(operator.and_, terms, pl.lit(value=True))


def _terms(wanted: frozenset[str] | Interval, key: pl.Expr) -> Iterator[pl.Expr]:
    if not isinstance(wanted, Interval):
        yield key.is_in(sorted(wanted))
        return
    yield key.is_not_null()
    if wanted.low is not None:
        yield key >= wanted.low if wanted.with_low else key > wanted.low
    if wanted.high is not None:
        yield key <= wanted.high if wanted.with_high else key < wanted.high


def _call(node: Call) -> pl.Expr:
    if node.function in CONTEXT_FUNCTIONS:
        return pl.col(context_call(node).column)
    if node.function in RELATION_FUNCTIONS:
        return pl.col(relation_call(node).column)
    if node.function in WINDOW_FUNCTIONS:
        return pl.col(window_call(node).column)
    argument = compile_tree(node.arguments[0])
    return argument.is_not_null() if node.function == "has" else argument.abs()
