"""The syntax tree of an expression: frozen nodes that remember their column."""

from collections.abc import Iterator
from dataclasses import dataclass

from rules.expressions.tables import Table

__all__ = [
    "Binary",
    "Call",
    "Choice",
    "In",
    "Literal",
    "Lookup",
    "Name",
    "Node",
    "Unary",
    "children",
    "names",
    "walk",
]


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text or boolean; every number is a double."""

    value: float | bool | str
    column: int


@dataclass(frozen=True, slots=True)
class Name:
    """A value of the reading, device, previous reading or event: `m.power_w` has the root `m`."""

    root: str
    member: str
    column: int

    @property
    def text(self) -> str:
        """The name as written."""
        return f"{self.root}.{self.member}"


@dataclass(frozen=True, slots=True)
class Unary:
    """`!x` or `-x`."""

    operator: str
    operand: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what joins them; the column is the operator's."""

    operator: str
    left: "Node"
    right: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? yes : no`."""

    condition: "Node"
    yes: "Node"
    no: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class In:
    """`x in [a, b]`; the list holds literals."""

    operand: "Node"
    options: tuple[Literal, ...]
    column: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    function: str
    arguments: tuple["Node", ...]
    column: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """`table('name', key…)`, with the table itself."""

    table: Table
    keys: tuple["Node", ...]
    column: int


Node = Literal | Name | Unary | Binary | Choice | In | Call | Lookup


def children(node: Node) -> tuple[Node, ...]:  # noqa: PLR0911 - one return for each sort of node
    """The nodes directly below one, in the order of the text."""
    match node:
        case Unary():
            return (node.operand,)
        case Binary():
            return (node.left, node.right)
        case Choice():
            return (node.condition, node.yes, node.no)
        case In():
            return (node.operand, *node.options)
        case Call():
            return node.arguments
        case Lookup():
            return node.keys
        case _:
            return ()


def walk(node: Node) -> Iterator[tuple[Node, int]]:
    """Every node of a tree with its depth; the root's is 1. Needs no recursion, whatever the depth."""
    waiting = [(node, 1)]
    while waiting:
        current, depth = waiting.pop()
        yield current, depth
        waiting += [(child, depth + 1) for child in reversed(children(current))]


def names(node: Node) -> tuple[Name, ...]:
    """The names in a tree, each text once, in the order of the text."""
    found = {part.text: part for part, _ in walk(node) if isinstance(part, Name)}
    return tuple(found.values())
