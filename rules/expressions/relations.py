"""Functions that read other devices: the parent, the siblings, the children along the supply of power.

Other devices are seen as they were at the moment of the reading judged, so the rule waits until everything
up to it has come from them. A device that has said nothing for two of its intervals is silent: then its
values are unknown. Devices that are not in service, or have never spoken, are left out.
"""

from dataclasses import dataclass, field, replace

from rules.errors import ExpressionError
from rules.expressions.syntax import Binary, Call, Choice, Literal, Name, Node, Unary, walk
from rules.expressions.writing import written

__all__ = ["RELATION_FUNCTIONS", "SILENT_INTERVALS", "RelationCall", "relation_call", "unanswered"]

SILENT_INTERVALS = 2
"""A device that has said nothing for so many of its intervals is silent."""

RELATION_FUNCTIONS = frozenset(
    {"children.share", "children.silent", "children.sum", "parent", "siblings.share"}
)

_RELATION = "powered_by"
_GROUP = "circuit"


@dataclass(frozen=True)
class RelationCall:
    """A function over other devices; its values are added to the frame under `column`.

    `about` is what each of them is asked, as an expression over its own reading. `otherwise` names the
    registry's value that stands for what is unknown. `by_circuit` looks at each circuit alone.
    """

    function: str
    column: str
    about: Node | None = field(default=None, compare=False)
    otherwise: str | None = None
    by_circuit: bool = False

    @property
    def asked(self) -> str | None:
        """The column of what each of them is asked, None where it is only whether they speak."""
        return None if self.about is None else f"told:{written(self.about)}"

    @property
    def is_of_silence(self) -> bool:
        """Whether it looks at who is silent, which shows `SILENT_INTERVALS` after it began."""
        return self.function == "children.silent"


def relation_call(call: Call) -> RelationCall:
    """What a call of one of `RELATION_FUNCTIONS` asks for.

    Raises:
        ExpressionError: the arguments are wrong.
    """
    column, arguments = written(call), call.arguments
    match call.function, arguments:
        case "parent", (Literal(value=relation), Name() as member) if relation == _RELATION:
            return RelationCall("parent", column, member)
        case (("siblings.share" | "children.share"), (about,)):
            return RelationCall(call.function, column, about)
        case "children.sum", (Name(root="m") as about,):
            return RelationCall(call.function, column, about)
        case "children.sum", (Name(root="m") as about, Name(root="d") as otherwise):
            return RelationCall(call.function, column, about, otherwise.member)
        case "children.silent", ():
            return RelationCall(call.function, column)
        case "children.silent", (Literal(value=group),) if group == _GROUP:
            return RelationCall(call.function, column, by_circuit=True)
    raise ExpressionError(f"{call.function} is used as {_USAGE[call.function]}", call.column)


def unanswered(node: Node) -> Node:
    """An expression that can be judged before others have answered: whether they will is unknown too.

    `has` of an answer that is still to come would be false, and not unknown as the answer is.
    """
    match node:
        case Call(function="has", arguments=(about,)) if _asks(about):
            return Binary("==", about, about, node.column)
        case Unary():
            return replace(node, operand=unanswered(node.operand))
        case Binary():
            return replace(node, left=unanswered(node.left), right=unanswered(node.right))
        case Choice():
            condition, yes, no = map(unanswered, (node.condition, node.yes, node.no))
            return replace(node, condition=condition, yes=yes, no=no)
    return node


def _asks(node: Node) -> bool:
    """Whether an expression asks other devices."""
    return any(isinstance(one, Call) and one.function in RELATION_FUNCTIONS for one, _ in walk(node))


_USAGE = {
    "children.share": "children.share(condition)",
    "children.silent": "children.silent() or children.silent('circuit')",
    "children.sum": "children.sum(m.power_w) or children.sum(m.power_w, d.rated_w)",
    "parent": "parent('powered_by').field",
    "siblings.share": "siblings.share(condition)",
}
