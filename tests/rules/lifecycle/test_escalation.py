"""When a fault becomes worse by itself."""

import pytest

from rules.faults import Severity
from rules.lifecycle.due import Escalated
from rules.lifecycle.escalation import Escalation, Group, escalated, parse_group_count

DAY_MS = 86_400_000
RULES = (
    Escalation(to=Severity.MAJOR, after_ms=DAY_MS),
    Escalation(to=Severity.CRITICAL, group=Group.CABINET, count=5),
)


@pytest.mark.parametrize(
    ("active_ms", "cabinet", "to"),
    [
        (DAY_MS - 1, 4, None),
        (DAY_MS, 4, Severity.MAJOR),
        (0, 5, Severity.CRITICAL),
        (DAY_MS, 9, Severity.CRITICAL),
    ],
)
def test_worst_of_what_applies_wins(active_ms: int, cabinet: int, to: Severity | None) -> None:
    found = escalated(RULES, active_ms, {Group.CABINET: cabinet})
    assert (found.severity if found else None) == to


def test_escalation_says_what_made_it() -> None:
    assert escalated(RULES, DAY_MS, {}) == Escalated(severity=Severity.MAJOR, why={"after_ms": DAY_MS})


def test_group_count_is_read() -> None:
    assert parse_group_count("group_count('cabinet') >= 5") == (Group.CABINET, 5)


@pytest.mark.parametrize(
    "text", ["group_count('lane') >= 5", "group_count('cabinet') > 5", "group_count('cabinet') >= 0", "m.x"]
)
def test_other_condition_is_refused_with_what_is_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"must read group_count\('GROUP'\) >= NUMBER, GROUP one of cabinet"):
        parse_group_count(text)
