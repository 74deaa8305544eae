"""A fault: a condition of a device that lasted, and the steps of its life."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from devices.description import Label

__all__ = ["FaultCleared", "FaultRaised", "Severity", "fault_id"]

_FAULTS = uuid.UUID("0b7a4a6e-2b63-5c0e-8f0b-3a3f2a7e5d10")


class Severity(StrEnum):
    """How bad a fault is, worst first."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    WARNING = "warning"


def fault_id(rule: str, device: str, first_true_ms: int) -> str:
    """The id that live run, replay and backtest agree on: UUIDv5 of rule, device and first true reading."""
    return str(uuid.uuid5(_FAULTS, f"{rule}|{device}|{first_true_ms}"))


@dataclass(frozen=True, kw_only=True)
class FaultRaised:
    """A fault became active.

    `since_ms` is the event time of the first true reading, `raised_at_ms` the event time at which the rule's
    `for` was over, `detected_at_ms` the received time we had reached then. `why` is what explains it: the
    expression, the same with values, the samples (see `rules.md`, semantics 15).
    """

    id: str
    rule: str
    rule_version: int
    title: Label
    device: str
    kind: str
    area: str
    severity: Severity
    since_ms: int
    raised_at_ms: int
    detected_at_ms: int
    why: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FaultCleared:
    """An active fault's condition ended at `cleared_at_ms` (event time)."""

    id: str
    rule: str
    device: str
    cleared_at_ms: int
    detected_at_ms: int
    why: Mapping[str, Any] = field(default_factory=dict)
