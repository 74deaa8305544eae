"""An expression with its values in it, as people check an arithmetic: `4.2 < 0.1 * 60 (= 6)`."""

from collections.abc import Mapping
from typing import Any

from rules.expressions.evaluator import Value, evaluate
from rules.expressions.relations import RELATION_FUNCTIONS
from rules.expressions.syntax import Binary, Call, Choice, In, Literal, Lookup, Name, Node, Unary
from rules.expressions.windows import WINDOW_FUNCTIONS
from rules.expressions.writing import written

__all__ = ["render"]

_PRECEDENCE: Mapping[str, int] = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_RELATION = 3
_TIGHT = 6
_DIGITS = 6
_AS_WRITTEN = WINDOW_FUNCTIONS | RELATION_FUNCTIONS | {"has"}


def render(node: Node, row: Mapping[str, Any]) -> str:
    """The tree with values for names; arithmetic that is compared is followed by its result."""
    return _render(node, row, 0)


def _render(node: Node, row: Mapping[str, Any], outer: int) -> str:  # noqa: PLR0911 - one for each sort
    match node:
        case Literal() | Name():
            return _shown(evaluate(node, row))
        case Unary():
            return node.operator + _render(node.operand, row, _TIGHT)
        case Binary():
            return _binary(node, row, outer)
        case Choice():
            parts = (_render(part, row, 1) for part in (node.condition, node.yes, node.no))
            return "({} ? {} : {})".format(*parts)
        case In():
            options = ", ".join(_shown(option.value) for option in node.options)
            return f"{_render(node.operand, row, _RELATION + 1)} in [{options}]"
        case Call():
            return _call(node, row)
        case Lookup():
            keys = (_render(key, row, 0) for key in node.keys)
            return f"table({', '.join([repr(node.table.name), *keys])}) (= {_shown(evaluate(node, row))})"


def _binary(node: Binary, row: Mapping[str, Any], outer: int) -> str:
    level = _PRECEDENCE[node.operator]
    left, right = _render(node.left, row, level), _render(node.right, row, level + 1)
    if level == _RELATION:
        left, right = left + _result(node.left, row), right + _result(node.right, row)
    text = f"{left} {node.operator} {right}"
    return f"({text})" if level < outer else text


def _result(node: Node, row: Mapping[str, Any]) -> str:
    """The outcome of an arithmetic, for the reader who does not calculate."""
    is_arithmetic = isinstance(node, Binary) and _PRECEDENCE[node.operator] > _RELATION
    return f" (= {_shown(evaluate(node, row))})" if is_arithmetic else ""


def _call(node: Call, row: Mapping[str, Any]) -> str:
    found = _shown(evaluate(node, row))
    if node.function in _AS_WRITTEN:
        return f"{written(node)} (= {found})"
    arguments = ", ".join(_render(part, row, 0) for part in node.arguments)
    return f"{node.function}({arguments}) (= {found})"


def _shown(value: Value) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else f"{value:.{_DIGITS}g}"
