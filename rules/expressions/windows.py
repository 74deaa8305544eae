"""Functions over a device's own past: `avg(m.power_w, '10m')`, and what they may be asked.

A window holds the readings of the device in (ts - span, ts], up to and including the reading judged, in
the order in which they are applied; a value that is missing or no number is not in it. Of no value at all
the average, the least and the greatest are unknown, the count is 0. `count` of a bool counts those that are
true. `rate` is how much a counter rose, per second, between the first and the last value of the window; one
that fell has begun anew from zero; of fewer than two moments it is unknown.

`usual(m.x)` is the average of the device's own values in the same local hour (of the clock, 14:00 to 14:59)
of the seven days before; it is unknown until three of those days have a value of that hour. It may be about
another window function too: `usual(rate(m.tx_bytes, '15m'))`.
"""

from dataclasses import dataclass

from devices.durations import parse_duration_ms
from rules.errors import ExpressionError
from rules.expressions.syntax import Call, Literal, Name, Node

__all__ = [
    "LONGEST_SPAN_MS",
    "PASSAGE_FUNCTIONS",
    "USUAL",
    "USUAL_DAYS",
    "USUAL_LEAST_DAYS",
    "WINDOW_FUNCTIONS",
    "WindowCall",
    "window_call",
]

PASSAGE_FUNCTIONS = frozenset({"vehicles.seen", "vehicles.unread"})
"""Counts of the vehicles that passed a camera, and of those whose plate could not be read.

Their window ends one lateness before the reading, or it would matter which of passage and reading comes
first.
"""

USUAL = "usual"
USUAL_DAYS, USUAL_LEAST_DAYS = 7, 3
"""How many days before make what is usual, and how many of them must have a value of the hour."""

WINDOW_FUNCTIONS = frozenset({"avg", "count", "max", "min", "rate", USUAL}) | PASSAGE_FUNCTIONS

LONGEST_SPAN_MS = 12 * 3_600_000
"""Of a window: what a device says is kept in memory for so long."""


@dataclass(frozen=True, order=True)
class WindowCall:
    """A function over a field's values of the last `span_ms`; they are added to the frame under `column`.

    The field of those over passages is empty; that of `usual` may be the column of another function.
    """

    function: str
    field: str
    span_ms: int

    @property
    def column(self) -> str:
        """The column its values are expected in."""
        return f"{self.function}({self.field},{self.span_ms})" if self.span_ms else f"usual({self.field})"


def window_call(call: Call) -> WindowCall:
    """What a call of one of `WINDOW_FUNCTIONS` asks for.

    Raises:
        ExpressionError: the arguments are not a field of the reading and a span.
    """
    if call.function in PASSAGE_FUNCTIONS:
        if len(call.arguments) != 1:
            raise ExpressionError(f"{call.function}() takes a span such as '30m'", call.column)
        return WindowCall(call.function, "", _span_ms(call.arguments[0]))
    if call.function == USUAL:
        return WindowCall(USUAL, _about(call), 0)
    if len(call.arguments) != 2:  # noqa: PLR2004 - a field and a span
        raise ExpressionError(f"{call.function}() takes a field and a span such as '10m'", call.column)
    field, span = call.arguments
    if not (isinstance(field, Name) and field.root == "m"):
        raise ExpressionError(f"{call.function}() asks about a field such as m.power_w", field.column)
    return WindowCall(call.function, field.member, _span_ms(span))


def _about(call: Call) -> str:
    """The column whose usual value is asked for."""
    match call.arguments:
        case (Name(root="m", member=member),):
            return member
        case (Call() as window,) if window.function in WINDOW_FUNCTIONS - PASSAGE_FUNCTIONS - {USUAL}:
            return window_call(window).column
    raise ExpressionError(
        "usual() asks about a field such as m.client_count, or rate(m.tx_bytes, '15m')", call.column
    )


def _span_ms(span: Node) -> int:
    if not (isinstance(span, Literal) and isinstance(span.value, str)):
        raise ExpressionError("a span is a literal text such as '10m'", span.column)
    try:
        span_ms = parse_duration_ms(span.value)
    except ValueError as error:
        raise ExpressionError(str(error), span.column) from None
    if not 0 < span_ms <= LONGEST_SPAN_MS:
        raise ExpressionError(
            f"a span is longer than nothing and at most 12h, got {span.value!r}", span.column
        )
    return span_ms
