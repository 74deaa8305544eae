"""Types and units of an expression, checked against a kind's description before any reading is seen."""

from devices.catalogue import kinds
from devices.quantities import Quantity
from rules.errors import ExpressionError
from rules.expressions.relations import RELATION_FUNCTIONS, relation_call
from rules.expressions.scope import (
    CONTEXT_FUNCTIONS,
    Subject,
    Type,
    context_call,
    members,
    related_kind,
    sees_vehicles,
    suggestion,
)
from rules.expressions.syntax import Binary, Call, Choice, In, Literal, Lookup, Name, Node, Unary, walk
from rules.expressions.windows import PASSAGE_FUNCTIONS, WINDOW_FUNCTIONS, window_call

__all__ = ["MAX_FACTORS", "check"]

MAX_FACTORS = 12
"""Values in one piece of arithmetic; with the bounds on values it keeps every result below infinity."""

_BOOL = Type("bool")
_NUMBER = Type("float")
_TEXT = Type("text")
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
_ORDER = frozenset({"<", "<=", ">", ">="})
_WIDEST_LITERAL = 1e15


def check(tree: Node, kind_id: str, subject: Subject) -> Type:
    """The type of a tree about one kind of device.

    Raises:
        ExpressionError: an unknown name, or operands whose types or units do not go together.
    """
    return _Checker(kind_id, subject).type_of(tree)


class _Checker:
    """Walks a tree once; each method gives the type of one sort of node."""

    def __init__(self, kind_id: str, subject: Subject) -> None:
        self._kind_id = kind_id
        self._members = members(kind_id, subject)
        self._subject = subject

    def type_of(self, node: Node) -> Type:  # noqa: C901, PLR0911 - one return for each sort of node
        match node:
            case Literal():
                return _literal(node)
            case Name():
                return self._name(node)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Choice():
                return self._choice(node)
            case In():
                return self._in(node)
            case Call():
                return self._call(node)
            case Lookup():
                return self._lookup(node)

    def _name(self, node: Name) -> Type:
        if node.root not in self._members:
            raise ExpressionError(
                f"names for {self._subject}s are those of {', '.join(self._members)}, got {node.root!r}",
                node.column,
            )
        known = self._members[node.root]
        if node.member not in known:
            raise ExpressionError(
                f"a {self._kind_id} has no {node.text!r}; {suggestion(node.member, known)}", node.column
            )
        return known[node.member]

    def _unary(self, node: Unary) -> Type:
        operand = self.type_of(node.operand)
        if node.operator == "!":
            _expect(operand, _BOOL, node.operand, "! negates a bool")
            return _BOOL
        _expect(operand, _NUMBER, node.operand, "- needs a number")
        return operand

    def _binary(self, node: Binary) -> Type:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if node.operator in ("&&", "||"):
            _expect(left, _BOOL, node.left, f"{node.operator} joins bools")
            _expect(right, _BOOL, node.right, f"{node.operator} joins bools")
            return _BOOL
        if node.operator in _ARITHMETIC:
            return _arithmetic(node, left, right)
        if node.operator in _ORDER:
            _expect(left, _NUMBER, node.left, f"{node.operator} compares numbers")
            _expect(right, _NUMBER, node.right, f"{node.operator} compares numbers")
        _same(left, right, node, "compare")
        _known_choice(left, node.right)
        _known_choice(right, node.left)
        return _BOOL

    def _choice(self, node: Choice) -> Type:
        _expect(self.type_of(node.condition), _BOOL, node.condition, "? asks a bool")
        yes, no = self.type_of(node.yes), self.type_of(node.no)
        _same(yes, no, node, "choose between")
        return yes if yes.quantity else no

    def _in(self, node: In) -> Type:
        operand = self.type_of(node.operand)
        for option in node.options:
            _same(operand, _literal(option), option, "compare")
            _known_choice(operand, option)
        return _BOOL

    def _call(self, node: Call) -> Type:
        if node.function in CONTEXT_FUNCTIONS:
            return self._context(node)
        if node.function in WINDOW_FUNCTIONS:
            return self._window(node)
        if node.function in RELATION_FUNCTIONS:
            return self._relation(node)
        if node.function not in ("abs", "has"):
            known = suggestion(
                node.function,
                ["abs", "has", "table", *CONTEXT_FUNCTIONS, *WINDOW_FUNCTIONS, *RELATION_FUNCTIONS],
            )
            raise ExpressionError(f"there is no function {node.function!r}; {known}", node.column)
        if len(node.arguments) != 1:
            raise ExpressionError(
                f"{node.function}() takes one argument, got {len(node.arguments)}", node.column
            )
        argument = self.type_of(node.arguments[0])
        if node.function == "has":
            if not _may_lack(node.arguments[0]):
                raise ExpressionError("has() asks about a name such as m.power_w", node.column)
            return _BOOL
        _expect(argument, _NUMBER, node.arguments[0], "abs() needs a number")
        return argument

    def _lookup(self, node: Lookup) -> Type:
        table = node.table
        if len(node.keys) != len(table.keys):
            named = ", ".join(key.name for key in table.keys)
            raise ExpressionError(
                f"the table {table.name!r} is looked up by {named}, got {len(node.keys)} keys", node.column
            )
        for key, given in zip(table.keys, node.keys, strict=True):
            _expect(self.type_of(given), Type(key.value), given, f"the key {key.name!r} is a {key.value}")
        return Type(table.gives)

    def _context(self, node: Call) -> Type:
        context_call(node)
        asked = CONTEXT_FUNCTIONS[node.function]
        if not asked.suits(kinds()[self._kind_id]):
            raise ExpressionError(f"{node.function}() means nothing for a {self._kind_id}", node.column)
        return asked.gives

    def _window(self, node: Call) -> Type:
        window_call(node)
        if node.function in PASSAGE_FUNCTIONS:
            if not sees_vehicles(kinds()[self._kind_id]):
                raise ExpressionError(f"{node.function}() means nothing for a {self._kind_id}", node.column)
            return _NUMBER
        of = self.type_of(node.arguments[0])
        if node.function == "count":
            if of.value == "text":
                raise ExpressionError(
                    "count() counts numbers and bools, got a text", node.arguments[0].column
                )
            return _NUMBER
        _expect(of, _NUMBER, node.arguments[0], f"{node.function}() needs a number")
        return _NUMBER if node.function == "rate" else of

    def _relation(self, node: Call) -> Type:
        asked = relation_call(node)
        kind_id = related_kind(asked, self._kind_id)
        if kind_id is None or self._subject is not Subject.READING:
            raise ExpressionError(f"{node.function} means nothing for a {self._kind_id}", node.column)
        if asked.about is None:
            return _NUMBER
        for part, _ in walk(asked.about):
            if isinstance(part, Call) and part.function in WINDOW_FUNCTIONS | RELATION_FUNCTIONS:
                raise ExpressionError("other devices are asked about their readings only", part.column)
        other = _Checker(kind_id, Subject.READING)
        of = other.type_of(asked.about)
        if asked.otherwise is not None:
            _same(of, other.type_of(node.arguments[1]), node, "take")
        if node.function.endswith(".share"):
            _expect(of, _BOOL, asked.about, f"{node.function} asks a bool")
            return _NUMBER
        if of.value == "text" or (node.function == "children.sum" and not of.is_number):
            raise ExpressionError(f"{node.function} needs a number, got a {of}", asked.about.column)
        return of


def _may_lack(node: Node) -> bool:
    """Whether a value comes from outside the expression: a name's, or that of one of our functions."""
    functions = WINDOW_FUNCTIONS | RELATION_FUNCTIONS | CONTEXT_FUNCTIONS.keys()
    return isinstance(node, Name | Lookup) or (isinstance(node, Call) and node.function in functions)


def _literal(node: Literal) -> Type:
    if isinstance(node.value, bool):
        return _BOOL
    if isinstance(node.value, str):
        return _TEXT
    if abs(node.value) > _WIDEST_LITERAL:
        raise ExpressionError(
            f"a number lies within {_WIDEST_LITERAL:g} of zero, got {node.value!r}", node.column
        )
    return _NUMBER


def _arithmetic(node: Binary, left: Type, right: Type) -> Type:
    if node.operator == "+" and left.value == right.value == "text":
        return _TEXT
    _expect(left, _NUMBER, node.left, f"{node.operator} needs numbers")
    _expect(right, _NUMBER, node.right, f"{node.operator} needs numbers")
    if _factors(node) > MAX_FACTORS:
        raise ExpressionError(f"one piece of arithmetic has at most {MAX_FACTORS} values", node.column)
    if node.operator in ("+", "-", "%"):
        _same(left, right, node, {"+": "add", "-": "subtract", "%": "divide"}[node.operator])
        return left if left.quantity else right
    return _NUMBER if left.quantity and right.quantity else Type("float", _scaled(node.operator, left, right))


def _scaled(operator: str, left: Type, right: Type) -> Quantity | None:
    """The unit of a product or quotient of which at most one side has a unit."""
    if operator == "/" and right.quantity:
        return None
    return left.quantity or right.quantity


def _factors(node: Node) -> int:
    """How many values a piece of arithmetic is made of."""
    match node:
        case Binary() if node.operator in _ARITHMETIC:
            return _factors(node.left) + _factors(node.right)
        case Unary():
            return _factors(node.operand)
        case Choice():
            return _factors(node.yes) + _factors(node.no)
        case Call():
            return sum(map(_factors, node.arguments))
        case _:
            return 1


def _expect(found: Type, wanted: Type, node: Node, rule: str) -> None:
    if found.value != wanted.value and not (found.is_number and wanted.is_number):
        raise ExpressionError(f"{rule}, got a {found}", node.column)


def _same(left: Type, right: Type, node: Node, verb: str) -> None:
    """Refuse operands of different types, or of different units where both have one."""
    if left.value != right.value and not (left.is_number and right.is_number):
        raise ExpressionError(f"cannot {verb} a {left} and a {right}", node.column)
    if left.quantity and right.quantity and left.quantity is not right.quantity:
        raise ExpressionError(f"cannot {verb} a {left} and a {right}: the units differ", node.column)


def _known_choice(described: Type, node: Node) -> None:
    """Refuse a literal that the description says the value never has."""
    if described.choices and isinstance(node, Literal) and node.value not in described.choices:
        raise ExpressionError(
            f"the value is one of {', '.join(described.choices)}, never {node.value!r}", node.column
        )
