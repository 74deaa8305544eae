"""From text to tokens."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rules.errors import ExpressionError

__all__ = ["Token", "TokenKind", "tokens"]


class TokenKind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    TEXT = "text"
    WORD = "word"
    MARK = "mark"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text and its column, counted from 1."""

    kind: TokenKind
    text: str
    column: int


_PIECE = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>'[^'\\]*'|"[^"\\]*")
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>&&|\|\||==|!=|<=|>=|[<>!+\-*/%?:()\[\],.])
    """,
    re.VERBOSE,
)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of an expression, closed by one of kind END.

    Raises:
        ExpressionError: a character that begins no token, or a text that does not end.
    """
    position = 0
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None:
            character = text[position]
            hint = (
                "a text must end with its quote and hold no backslash" if character in "'\"" else "remove it"
            )
            raise ExpressionError(f"{character!r} begins nothing of the language; {hint}", position + 1)
        if match.lastgroup != "space":
            yield Token(TokenKind(match.lastgroup or ""), match.group(), position + 1)
        position = match.end()
    yield Token(TokenKind.END, "", len(text) + 1)
