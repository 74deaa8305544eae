"""How far somebody's sight reaches: which areas, and which kinds of device."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement

__all__ = ["EVERYWHERE", "Reach"]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Areas and kinds of device; None is all of them, an empty set none."""

    areas: frozenset[str] | None = None
    kinds: frozenset[str] | None = None

    @property
    def is_limited(self) -> bool:
        """Whether anything lies outside of it."""
        return self.areas is not None or self.kinds is not None

    def covers(self, area: str, kind: str) -> bool:
        """Whether a device of that kind in that area lies within."""
        return (self.areas is None or area in self.areas) and (self.kinds is None or kind in self.kinds)

    def conditions(self, area: Column[Any], kind: Column[Any]) -> list[ColumnElement[bool]]:
        """The same as conditions on the columns of a table."""
        limits = ((area, self.areas), (kind, self.kinds))
        return [column.in_(sorted(names)) for column, names in limits if names is not None]


EVERYWHERE = Reach()
"""All areas and kinds."""
