"""Makers of work items with defaults that no test depends on."""

from typing import Any

from rules.faults import Severity
from rules.lifecycle.due import Surroundings
from rules.lifecycle.item import Step, WorkItem

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def item(**others: Any) -> WorkItem:
    values: dict[str, Any] = {
        "fault": "f-1",
        "rule": "lamp.out",
        "device": "TK-L-0001",
        "kind": "streetlight",
        "severity": Severity.MINOR,
        "raised_at_ms": 0,
    }
    return WorkItem(**(values | others))


def around(now_ms: int, **others: Any) -> Surroundings:
    values = {"verify_within_ms": 2 * HOUR_MS, "close_grace_ms": 10 * MINUTE_MS}
    return Surroundings(now_ms=now_ms, **(values | others))


def words(steps: list[Step]) -> list[str]:
    return [step.transition.value for step in steps]
