"""What an expression is worth for one row of values: the reference that the compiler is tested against.

None is unknown.
"""

import math
from collections.abc import Mapping
from typing import Any

from rules.expressions.relations import RELATION_FUNCTIONS, relation_call
from rules.expressions.scope import CONTEXT_FUNCTIONS, LOCAL_DAY, column_of, context_call
from rules.expressions.syntax import Binary, Call, Choice, In, Literal, Lookup, Name, Node, Unary
from rules.expressions.windows import WINDOW_FUNCTIONS, window_call

__all__ = ["SMALLEST_DIVISOR", "WIDEST_VALUE", "Value", "evaluate"]

Value = float | bool | str | None

SMALLEST_DIVISOR = 1e-9
"""A divisor nearer to zero is zero in every unit of the catalogue: the quotient is unknown."""

WIDEST_VALUE = 1e19
"""A number further from zero is no measurement, nor is NaN: both are unknown."""


def evaluate(node: Node, row: Mapping[str, Any]) -> Value:  # noqa: C901, PLR0911 - one return for each sort of node
    """The value of a tree for a row, whose keys are the columns of its names and of its functions' calls."""
    match node:
        case Literal():
            return node.value
        case Name():
            return _measured(row.get(column_of(node)))
        case Unary():
            return _unary(node.operator, evaluate(node.operand, row))
        case Binary():
            return _binary(node, row)
        case Choice():
            condition = evaluate(node.condition, row)
            return None if condition is None else evaluate(node.yes if condition else node.no, row)
        case In():
            operand = evaluate(node.operand, row)
            return None if operand is None else any(operand == option.value for option in node.options)
        case Call():
            return _call(node, row)
        case Lookup():
            keys = tuple(evaluate(key, row) for key in node.keys)
            return node.table.look_up(keys, row.get(LOCAL_DAY.column))


def _measured(value: Any) -> Value:
    if isinstance(value, bool | str) or value is None:
        return value
    number = float(value)
    return number if abs(number) <= WIDEST_VALUE else None


def _unary(operator: str, operand: Value) -> Value:
    if operand is None:
        return None
    return not operand if operator == "!" else -float(operand)


def _binary(node: Binary, row: Mapping[str, Any]) -> Value:
    left, right = evaluate(node.left, row), evaluate(node.right, row)
    if node.operator in ("&&", "||"):
        decided = node.operator == "||"
        if decided in (left, right):
            return decided
        return None if None in (left, right) else not decided
    if left is None or right is None:
        return None
    result: Value = _OPERATORS[node.operator](left, right)
    return result


def _quotient(left: Any, right: Any) -> Value:
    return None if abs(right) < SMALLEST_DIVISOR else left / right


def _remainder(left: Any, right: Any) -> Value:
    """The remainder has the divisor's sign, as in polars; CEL has none for doubles."""
    return None if abs(right) < SMALLEST_DIVISOR else left - math.floor(left / right) * right


_OPERATORS: Mapping[str, Any] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _quotient,
    "%": _remainder,
}


def _call(node: Call, row: Mapping[str, Any]) -> Value:
    if node.function in CONTEXT_FUNCTIONS:
        value: Value = row.get(context_call(node).column)
        return value
    if node.function in RELATION_FUNCTIONS:
        return _measured(row.get(relation_call(node).column))
    if node.function in WINDOW_FUNCTIONS:
        return _measured(row.get(window_call(node).column))
    argument = evaluate(node.arguments[0], row)
    if node.function == "has":
        return argument is not None
    return None if argument is None else abs(float(argument))
