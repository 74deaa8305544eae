"""When a fault becomes worse by itself: after a time, or together with others."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rules.faults import Severity
from rules.lifecycle.due import Escalated

__all__ = ["Escalation", "Group", "escalated", "parse_group_count"]

_GROUP_COUNT = re.compile(r"\s*group_count\(\s*'(\w+)'\s*\)\s*>=\s*([1-9]\d{0,5})\s*")
_WORST_FIRST = tuple(Severity)


class Group(StrEnum):
    """What devices may have in common."""

    CABINET = "cabinet"
    UPLINK = "uplink"
    STREET = "street"
    AREA = "area"


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """One way for a fault to become worse.

    Either it has been active for `after_ms`, or at least `count` devices with the same `group` as its device
    have an active fault of the same rule, its own among them.
    """

    to: Severity
    after_ms: int | None = None
    group: Group | None = None
    count: int = 0

    def holds(self, active_ms: int, counts: Mapping[Group, int]) -> bool:
        """Whether it applies to a fault that has been active so long, with so many like it around."""
        if self.after_ms is not None:
            return active_ms >= self.after_ms
        return self.group is not None and counts.get(self.group, 0) >= self.count

    @property
    def why(self) -> dict[str, str | int]:
        """What explains it, for the history."""
        if self.after_ms is not None:
            return {"after_ms": self.after_ms}
        return {"group": str(self.group), "count": self.count}


def escalated(
    escalations: Iterable[Escalation], active_ms: int, counts: Mapping[Group, int]
) -> Escalated | None:
    """The worst severity that applies, by the first of those that ask for it; None where none does."""
    holding = [one for one in escalations if one.holds(active_ms, counts)]
    if not holding:
        return None
    worst = min(holding, key=lambda one: _WORST_FIRST.index(one.to))
    return Escalated(severity=worst.to, why=worst.why)


def parse_group_count(text: str) -> tuple[Group, int]:
    """The group and the number in `group_count('cabinet') >= 5`.

    Raises:
        ValueError: it is something else.
    """
    match = _GROUP_COUNT.fullmatch(text)
    if match is None or match[1] not in set(Group):
        groups = ", ".join(Group)
        raise ValueError(
            f"escalate.if must read group_count('GROUP') >= NUMBER, GROUP one of {groups}; got {text!r}"
        )
    return Group(match[1]), int(match[2])
