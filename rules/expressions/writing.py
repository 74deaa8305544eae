"""A syntax tree as text again, in one way of writing: the same trees give the same text."""

from rules.expressions.syntax import Binary, Call, Choice, In, Literal, Lookup, Name, Node, Unary

__all__ = ["written"]


def written(node: Node) -> str:  # noqa: C901, PLR0911 - one return for each sort of node
    """The text of a tree, with brackets around everything that is made of parts."""
    match node:
        case Literal():
            return _literal(node)
        case Name():
            return node.text
        case Unary():
            return f"{node.operator}{written(node.operand)}"
        case Binary():
            return f"({written(node.left)} {node.operator} {written(node.right)})"
        case Choice():
            return f"({written(node.condition)} ? {written(node.yes)} : {written(node.no)})"
        case In():
            return f"({written(node.operand)} in [{', '.join(map(_literal, node.options))}])"
        case Call():
            return _call(node)
        case Lookup():
            return f"table({', '.join([repr(node.table.name), *map(written, node.keys)])})"


def _call(node: Call) -> str:
    match node.arguments:
        case (relation, Name() as member) if node.function == "parent":
            return f"parent({written(relation)}).{member.member}"
    return f"{node.function}({', '.join(map(written, node.arguments))})"


def _literal(node: Literal) -> str:
    if isinstance(node.value, bool):
        return str(node.value).lower()
    return repr(node.value) if isinstance(node.value, str) else f"{node.value:.12g}"
