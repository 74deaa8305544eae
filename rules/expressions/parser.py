"""From tokens to a syntax tree: CEL's grammar, cut down to what rules need."""

from collections.abc import Mapping
from types import MappingProxyType

from rules.errors import ExpressionError
from rules.expressions.lexer import Token, TokenKind, tokens
from rules.expressions.scope import suggestion
from rules.expressions.syntax import Binary, Call, Choice, In, Literal, Lookup, Name, Node, Unary, walk
from rules.expressions.tables import Table

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "parse"]

MAX_LENGTH = 1000
"""Characters of an expression."""

MAX_DEPTH = 40
"""Levels of a syntax tree, and of brackets within brackets."""

_ROOTS = frozenset({"m", "d", "prev", "e"})
_LEVELS = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!=", "<", "<=", ">", ">="}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
_RELATIONS = 2
"""The level of `_LEVELS` at which `in` stands."""


_NO_TABLES: Mapping[str, Table] = MappingProxyType({})


def parse(text: str, tables: Mapping[str, Table] = _NO_TABLES) -> Node:
    """The syntax tree of an expression, which may look things up in some tables.

    Raises:
        ExpressionError: it is too long, too deep, or not of the language.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"an expression has at most {MAX_LENGTH} characters, this one {len(text)}", MAX_LENGTH
        )
    parser = _Parser(list(tokens(text)), tables)
    tree = parser.expression()
    parser.expect_end()
    deepest, depth = max(walk(tree), key=lambda found: found[1])
    if depth > MAX_DEPTH:
        raise _too_deep(deepest.column)
    return tree


def _too_deep(column: int) -> ExpressionError:
    return ExpressionError(
        f"an expression has at most {MAX_DEPTH} levels; split the rule or use `in`", column
    )


class _Parser:
    """Recursive descent over a list of tokens."""

    def __init__(self, found: list[Token], tables: Mapping[str, Table]) -> None:
        self._tokens = found
        self._tables = tables
        self._next = 0
        self._brackets = 0

    @property
    def _current(self) -> Token:
        return self._tokens[self._next]

    def _advance(self) -> Token:
        token = self._current
        self._next += token.kind is not TokenKind.END
        return token

    def _is_mark(self, *texts: str) -> bool:
        return self._current.kind is TokenKind.MARK and self._current.text in texts

    def _expect(self, text: str) -> Token:
        if not self._is_mark(text):
            raise self._surprise(f"{text!r} is expected here")
        return self._advance()

    def _surprise(self, rule: str) -> ExpressionError:
        seen = repr(self._current.text) if self._current.text else "the end"
        return ExpressionError(f"{rule}, got {seen}", self._current.column)

    def expect_end(self) -> None:
        """Check that nothing is left over.

        Raises:
            ExpressionError: something is.
        """
        if self._current.kind is not TokenKind.END:
            raise self._surprise("an operator or the end is expected here")

    def expression(self) -> Node:
        """A whole expression: CEL's `Expr`."""
        self._brackets += 1
        if self._brackets > MAX_DEPTH:
            raise _too_deep(self._current.column)
        condition = self._level(0)
        if self._is_mark("?"):
            column = self._advance().column
            yes = self._level(0)
            self._expect(":")
            condition = Choice(condition, yes, self.expression(), column)
        self._brackets -= 1
        return condition

    def _level(self, level: int) -> Node:
        """Operators of one precedence, grouped from the left."""
        if level == len(_LEVELS):
            return self._unary()
        left = self._level(level + 1)
        while True:
            if self._is_mark(*_LEVELS[level]):
                operator = self._advance()
                left = Binary(operator.text, left, self._level(level + 1), operator.column)
            elif level == _RELATIONS and self._current.text == "in" and self._current.kind is TokenKind.WORD:
                left = In(left, column=self._advance().column, options=self._options())
            else:
                return left

    def _unary(self) -> Node:
        prefixes: list[Token] = []
        while self._is_mark("!", "-"):
            prefixes.append(self._advance())
        node = self._primary()
        for prefix in reversed(prefixes):
            node = _signed(prefix, node)
        return node

    def _primary(self) -> Node:
        token = self._advance()
        if token.kind is TokenKind.NUMBER:
            return Literal(float(token.text), token.column)
        if token.kind is TokenKind.TEXT:
            return Literal(token.text[1:-1], token.column)
        if token.kind is TokenKind.WORD:
            return self._word(token)
        if token.text == "(":
            inner = self.expression()
            self._expect(")")
            return inner
        self._next -= token.kind is not TokenKind.END
        raise self._surprise("a value is expected here")

    def _word(self, token: Token) -> Node:
        if token.text in ("true", "false"):
            return Literal(token.text == "true", token.column)
        name = token.text
        if self._is_mark("."):
            self._advance()
            if self._current.kind is not TokenKind.WORD:
                raise self._surprise("a name is expected after the point")
            name += "." + self._advance().text
        if self._is_mark("("):
            call = Call(name, self._arguments(), token.column)
            return self._lookup(call) if name == "table" else self._member_of(call)
        root, _, member = name.partition(".")
        if root not in _ROOTS or not member:
            known = ", ".join(f"{known}.name" for known in sorted(_ROOTS))
            raise ExpressionError(
                f"a name is one of {known} or a function with brackets, got {name!r}", token.column
            )
        return Name(root, member, token.column)

    def _lookup(self, call: Call) -> Lookup:
        match call.arguments:
            case (Literal(value=str(name)), *keys):
                if name not in self._tables:
                    known = suggestion(name, self._tables) if self._tables else "there are none"
                    raise ExpressionError(f"there is no table {name!r}; {known}", call.arguments[0].column)
                return Lookup(self._tables[name], tuple(keys), call.column)
        raise ExpressionError("table is used as table('name', key, ...)", call.column)

    def _member_of(self, call: Call) -> Call:
        """A call, with the member that is asked of the device it names: `parent('powered_by').power_w`."""
        if not (call.function == "parent" and self._is_mark(".")):
            return call
        self._advance()
        if self._current.kind is not TokenKind.WORD:
            raise self._surprise("a name is expected after the point")
        member = self._advance()
        return Call(call.function, (*call.arguments, Name("m", member.text, member.column)), call.column)

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        found: list[Node] = []
        while not self._is_mark(")"):
            found.append(self.expression())
            if not self._is_mark(")"):
                self._expect(",")
        self._advance()
        return tuple(found)

    def _options(self) -> tuple[Literal, ...]:
        self._expect("[")
        found: list[Literal] = []
        while True:
            option = self._unary()
            if not isinstance(option, Literal):
                raise ExpressionError("a list holds literals only", option.column)
            found.append(option)
            if self._is_mark("]"):
                self._advance()
                return tuple(found)
            self._expect(",")


def _signed(prefix: Token, node: Node) -> Node:
    """A prefix operator applied; a minus becomes part of a number, so that lists may hold negative ones."""
    if prefix.text == "-" and isinstance(node, Literal) and isinstance(node.value, float):
        return Literal(-node.value, prefix.column)
    return Unary(prefix.text, node, prefix.column)
