"""Dated tables: values that rules look up by the moment of what is judged, and by keys.

The first row that fits gives the value; without one it is unknown. A key that a row leaves out fits every
value, also one that is unknown; any other key fits nothing that is unknown.
"""

from dataclasses import dataclass
from functools import cached_property

from devices.description import ValueType

__all__ = ["FIRST_DAY", "LAST_DAY", "Interval", "Table", "TableKey", "TableRow"]

FIRST_DAY, LAST_DAY = 0, 99_991_231
"""Days as numbers, 20261122 being 22 November 2026: an open beginning and an open end."""


@dataclass(frozen=True)
class Interval:
    """Numbers between two bounds, each inside or outside; None is no bound."""

    low: float | None
    high: float | None
    with_low: bool = True
    with_high: bool = False

    def holds(self, number: float) -> bool:
        """Whether a number lies in it."""
        above = self.low is None or number > self.low or (self.with_low and number == self.low)
        below = self.high is None or number < self.high or (self.with_high and number == self.high)
        return above and below


@dataclass(frozen=True)
class TableKey:
    """What is looked up by: a text or a number."""

    name: str
    value: ValueType


@dataclass(frozen=True)
class TableRow:
    """A value with the keys it is for, in the table's order, and its first and its last day."""

    keys: tuple[frozenset[str] | Interval | None, ...]
    value: float | bool | str
    valid_from: int = FIRST_DAY
    valid_to: int = LAST_DAY

    def fits(self, keys: tuple[float | bool | str | None, ...], day: float | None) -> bool:
        """Whether it is for these keys on a day; None is unknown."""
        if self.is_dated and (day is None or not self.valid_from <= day <= self.valid_to):
            return False
        return all(_fits(wanted, key) for wanted, key in zip(self.keys, keys, strict=True))

    @property
    def is_dated(self) -> bool:
        """Whether it does not hold on every day."""
        return (self.valid_from, self.valid_to) != (FIRST_DAY, LAST_DAY)


def _fits(wanted: frozenset[str] | Interval | None, key: float | bool | str | None) -> bool:  # noqa: FBT001
    if wanted is None:
        return True
    if isinstance(wanted, Interval):
        return key is not None and wanted.holds(float(key))
    return key in wanted


@dataclass(frozen=True)
class Table:
    """A table as rules name it; `source` says where its values come from."""

    name: str
    keys: tuple[TableKey, ...]
    gives: ValueType
    rows: tuple[TableRow, ...]
    source: str = ""

    @cached_property
    def is_dated(self) -> bool:
        """Whether the day matters."""
        return any(row.is_dated for row in self.rows)

    def look_up(
        self, keys: tuple[float | bool | str | None, ...], day: float | None
    ) -> float | bool | str | None:
        """The value for some keys on a day, None if there is none."""
        return next((row.value for row in self.rows if row.fits(keys, day)), None)
