"""How a dependency is written in YAML."""

from typing import Annotated

from msgspec import Meta, Struct

from devices.durations import parse_duration_ms
from rules.rule import Dependency, Relation

__all__ = ["DependencyText"]


class DependencyText(Struct, frozen=True, forbid_unknown_fields=True):
    """A dependency as written; the members are those of the format."""

    relation: Relation
    rules: Annotated[list[str], Meta(min_length=1)]
    wait: str | None = None

    def read(self) -> Dependency:
        """The dependency that it says.

        Raises:
            ValueError: `wait` is no duration.
        """
        wait_ms = None if self.wait is None else parse_duration_ms(self.wait)
        return Dependency(relation=self.relation, rules=tuple(self.rules), wait_ms=wait_ms)
