"""Functions over a device's own past, for a whole batch at once.

Sums are made of whole numbers (millionths of the unit, ones of integers), so that they do not depend on
where a batch begins; that is the rounding of `rules/expressions/windows.py`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from devices.batch import reading_schema
from devices.clock import milliseconds
from devices.description import DeviceKind
from rules.detection.passages import Kept, Passages
from rules.detection.past import Course, Floats, Ints, Past
from rules.expressions.windows import USUAL, WindowCall

__all__ = ["Windows"]

_LEAST_DEPTH, _MOST_DEPTH = 8, 600
_PER_UNIT = 1_000_000
_WIDEST_FLOAT, _WIDEST_INT = 9e9, 9e15
_MS_PER_S = 1000.0


class _Field(NamedTuple):
    """How a field's values are counted: whole numbers in a unit, and the widest that can be summed up."""

    per_unit: int
    widest: float
    is_bool: bool


class _Known(NamedTuple):
    """The known values of a field in a course, and for each new reading where its window begins and ends."""

    ts: Ints
    values: Floats
    whole: Ints
    first: Ints
    end: Ints


class Windows:
    """The window functions of one kind's rules, and what they must remember of each device.

    A window holds at most twice as many readings as the kind's interval lets expect, the newest, and at most
    600.
    """

    def __init__(self, calls: Iterable[WindowCall], kind: DeviceKind, size: int) -> None:
        every = sorted(set(calls))
        self._calls: Sequence[WindowCall] = [call for call in every if call.field and call.function != USUAL]
        self._of_passages = [call for call in every if not call.field]
        self._passages = Passages(size if self._of_passages else 0, milliseconds(kind.lateness_s))
        schema = reading_schema(kind.id)
        self._fields = {call.field: _field(schema[call.field]) for call in self._calls}
        self._span_ms = max((call.span_ms for call in self._calls), default=0)
        expected = -(-self._span_ms // milliseconds(kind.interval_s))
        depth = min(max(2 * expected, _LEAST_DEPTH), _MOST_DEPTH)
        self._past = Past(size if self._calls else 0, list(self._fields), depth)

    def add(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The readings, in order, with a column for each function; remembers them."""
        if self._of_passages:
            rows, ts = frame["row"].to_numpy().astype(np.int64), frame["ts"].to_numpy()
            counts = [(call.column, self._passages.count(call, rows, ts)) for call in self._of_passages]
            frame = frame.with_columns(pl.Series(name, found, nan_to_null=True) for name, found in counts)
        if not self._calls:
            return frame
        values = {name: frame[name].cast(pl.Float64).to_numpy() for name in self._fields}
        course = self._past.extend(frame["row"].to_numpy().astype(np.int64), frame["ts"].to_numpy(), values)
        return frame.with_columns(self._columns(course))

    @property
    def follows_passages(self) -> bool:
        """Whether events matter."""
        return bool(self._of_passages)

    def note(self, events: pl.DataFrame) -> None:
        """Remember passages; of numbered events, before readings that come with them."""
        if self._of_passages:
            self._passages.note(events)

    def settle(self) -> Ints:
        """A mark has come: passages that lie too far back are forgotten. Gives the rows of their cameras."""
        return self._passages.settle()

    def take_passages(self, row: int) -> list[Kept]:
        """What must be remembered of a camera's passages, for `put_passages`."""
        return self._passages.take(row) if self._of_passages else []

    def put_passages(self, row: int, kept: Sequence[Kept]) -> None:
        """Go on from what was remembered."""
        if self._of_passages:
            self._passages.put(row, kept)

    def take(self, row: int) -> dict[str, list[float]]:
        """What must be remembered of a device, for `put`."""
        return self._past.take(row, self._span_ms) if self._calls else {}

    def put(self, row: int, kept: Mapping[str, Sequence[float]]) -> None:
        """Go on from what was remembered."""
        if self._calls:
            self._past.put(row, kept)

    def _columns(self, course: Course) -> list[pl.Series]:
        firsts = {span: course.first_after(span) for span in {call.span_ms for call in self._calls}}
        columns: list[pl.Series] = []
        for call in self._calls:
            field = self._fields[call.field]
            known = _known(course, call.field, field, firsts[call.span_ms])
            found = _FUNCTIONS[call.function](known, field)
            columns.append(pl.Series(call.column, found, nan_to_null=True))
        return columns


def _field(data_type: object) -> _Field:
    if data_type == pl.Float64:
        return _Field(_PER_UNIT, _WIDEST_FLOAT, is_bool=False)
    return _Field(1, _WIDEST_INT, is_bool=data_type == pl.Boolean)


def _known(course: Course, name: str, field: _Field, first: Ints) -> _Known:
    values = course.values[name]
    is_known = np.abs(values) <= field.widest
    before = np.concatenate(([0], np.cumsum(is_known)))
    known = values[is_known]
    whole = np.rint(known * field.per_unit).astype(np.int64)
    return _Known(course.ts[is_known], known, whole, before[first], before[course.new + 1])


def _sum(known: _Known) -> Ints:
    total = np.concatenate(([0], np.cumsum(known.whole)))
    found: Ints = total[known.end] - total[known.first]
    return found


def _avg(known: _Known, field: _Field) -> Floats:
    count = known.end - known.first
    found: Floats = np.where(count > 0, _sum(known) / (np.maximum(count, 1) * field.per_unit), np.nan)
    return found


def _count(known: _Known, field: _Field) -> Floats:
    counted = _sum(known) if field.is_bool else known.end - known.first
    return counted.astype(np.float64)


def _extreme(reduce: Callable[[Floats, Ints], Floats]) -> Callable[[_Known, _Field], Floats]:
    def found(known: _Known, field: _Field) -> Floats:  # noqa: ARG001 - one signature for all
        bounds = np.column_stack((known.first, known.end)).ravel()
        # One more at the end, so that a window may end there.
        reduced = reduce(np.append(known.values, np.nan), bounds)[::2]
        extreme: Floats = np.where(known.end > known.first, reduced, np.nan)
        return extreme

    return found


def _rate(known: _Known, field: _Field) -> Floats:
    if known.whole.size == 0:
        return np.full(known.first.size, np.nan)
    risen = np.diff(known.whole, prepend=known.whole[:1])
    total = np.cumsum(np.where(risen < 0, known.whole, risen))
    last = np.maximum(known.end - 1, 0)
    first = np.minimum(known.first, last)
    passed_ms = known.ts[last] - known.ts[first]
    per_s = (total[last] - total[first]) / (field.per_unit * np.maximum(passed_ms, 1) / _MS_PER_S)
    return np.where((known.end > known.first) & (passed_ms > 0), per_s, np.nan)


_FUNCTIONS: Mapping[str, Callable[[_Known, _Field], Floats]] = {
    "avg": _avg,
    "count": _count,
    "max": _extreme(np.maximum.reduceat),
    "min": _extreme(np.minimum.reduceat),
    "rate": _rate,
}
