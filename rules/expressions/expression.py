"""A condition that has passed every check: what rules hold and the engine evaluates."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import polars as pl

from devices.description import ValueType
from rules.errors import ExpressionError
from rules.expressions.checker import check
from rules.expressions.compiler import compile_tree
from rules.expressions.parser import parse
from rules.expressions.relations import RELATION_FUNCTIONS, RelationCall, relation_call
from rules.expressions.scope import (
    CONTEXT_FUNCTIONS,
    LOCAL_DAY,
    ContextCall,
    Subject,
    column_of,
    context_call,
)
from rules.expressions.syntax import Call, Lookup, Name, Node, children
from rules.expressions.tables import Table
from rules.expressions.windows import WINDOW_FUNCTIONS, WindowCall, window_call

__all__ = ["Expression", "Tables", "condition", "text_value"]


@dataclass(frozen=True)
class Expression:
    """A checked expression about one kind of device; make one with `condition` or `text_value`."""

    text: str
    tree: Node

    @cached_property
    def compiled(self) -> pl.Expr:
        """The polars expression; null is unknown. It reads `columns`, cleaned, and those of its functions."""
        return compile_tree(self.tree)

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """The names used, in the order of the text; not what other devices are asked."""
        found = {part.text: part for part in self._own if isinstance(part, Name)}
        return tuple(found.values())

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of its names, each once."""
        return tuple(dict.fromkeys(column_of(name) for name in self.names))

    @cached_property
    def context(self) -> frozenset[ContextCall]:
        """The functions whose columns must be added before it is evaluated."""
        calls = {context_call(call) for call in self._calls if call.function in CONTEXT_FUNCTIONS}
        is_dated = any(isinstance(node, Lookup) and node.table.is_dated for node in self._own)
        return frozenset(calls | {LOCAL_DAY} if is_dated else calls)

    @cached_property
    def windows(self) -> frozenset[WindowCall]:
        """The functions over the device's own past whose columns must be added before it is evaluated."""
        return frozenset(window_call(call) for call in self._calls if call.function in WINDOW_FUNCTIONS)

    @cached_property
    def relations(self) -> frozenset[RelationCall]:
        """The functions over other devices whose columns must be added before it is evaluated."""
        return frozenset(relation_call(call) for call in self._calls if call.function in RELATION_FUNCTIONS)

    @cached_property
    def _calls(self) -> tuple[Call, ...]:
        return tuple(node for node in self._own if isinstance(node, Call))

    @cached_property
    def _own(self) -> tuple[Node, ...]:
        """The nodes about the device itself, in the order of the text."""
        found: list[Node] = []
        waiting = [self.tree]
        while waiting:
            node = waiting.pop()
            found.append(node)
            if not (isinstance(node, Call) and node.function in RELATION_FUNCTIONS):
                waiting += reversed(children(node))
        return tuple(found)


Tables = Mapping[str, Table]
_NO_TABLES: Tables = MappingProxyType({})


def condition(
    text: str, kind_id: str, subject: Subject = Subject.READING, tables: Tables = _NO_TABLES
) -> Expression:
    """An expression that is true, false or unknown for a reading or event of a kind.

    Raises:
        ExpressionError: it breaks the language, names or units, or gives no bool.
    """
    return _checked(parse(text, tables), text, (kind_id, subject), "bool")


def text_value(
    text: str, kind_id: str, subject: Subject = Subject.READING, tables: Tables = _NO_TABLES
) -> Expression:
    """An expression that gives a text, such as the key by which events are the same.

    Raises:
        ExpressionError: it breaks the language, names or units, or gives no text.
    """
    return _checked(parse(text, tables), text, (kind_id, subject), "text")


def _checked(tree: Node, text: str, about: tuple[str, Subject], wanted: ValueType) -> Expression:
    found = check(tree, *about)
    if found.value != wanted:
        raise ExpressionError(f"the whole expression must be a {wanted}, this one is a {found}", tree.column)
    return Expression(text, tree)
