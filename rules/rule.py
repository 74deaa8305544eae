"""What a rule is once it is loaded: frozen, checked, with an expression compiled for each kind it watches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from devices.description import Label
from rules.expressions.expression import Expression
from rules.faults import Severity
from rules.flap import Flap
from rules.lifecycle.escalation import Escalation

__all__ = ["Dependency", "Happening", "Lasting", "Missing", "Pattern", "Relation", "Rule", "Silence"]


class Missing(StrEnum):
    """What a reading that leaves the condition unknown, or a gap in the readings, does.

    `keep`: state and timers stay as they were; the time across it is not counted.
    `clear`: it counts as "not true": what was about to become a fault is forgotten, a fault clears.
    `unknown`: what was about to become a fault is forgotten, a fault stays.
    """

    KEEP = "keep"
    CLEAR = "clear"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Lasting:
    """A condition of readings that has to last.

    It becomes a fault when `when` has held for `for_ms` of event time and in `min_samples` readings; it ends
    when `clear_when` (the opposite of `when` if None) has held for `clear_for_ms`.
    """

    when: Expression
    for_ms: int = 0
    min_samples: int = 1
    clear_when: Expression | None = None
    clear_for_ms: int = 0
    missing: Missing = Missing.KEEP

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """What has to be evaluated over readings."""
        return (self.when,) if self.clear_when is None else (self.when, self.clear_when)


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Readings that do not come: `tolerate` expected intervals and `jitter_ms` after the last one.

    `expect_ms` is the interval; None takes the registry's for each device.
    """

    tolerate: float
    jitter_ms: int = 0
    expect_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Happening:
    """An event that is a suspected violation, judged for each of its vehicles.

    Events with fewer than `min_images` pictures, or without one for each of `image_roles`, prove nothing and
    are left out; those whose `key` was seen within `within_ms` are the same violation.
    """

    event: str
    when: Expression
    violation: str
    min_images: int = 0
    image_roles: frozenset[str] = frozenset()
    key: Expression | None = None
    within_ms: int = 0

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """What has to be evaluated over events."""
        return (self.when,) if self.key is None else (self.when, self.key)

    def is_proven_by(self, images: Sequence[Mapping[str, Any]]) -> bool:
        """Whether an event's pictures are enough."""
        return len(images) >= self.min_images and self.image_roles <= {image["role"] for image in images}


Pattern = Lasting | Silence | Happening


class Relation(StrEnum):
    """How a device reaches what it depends on.

    `self` is the device itself; `platform` the service and whatever it is blind to.
    """

    POWERED_BY = "powered_by"
    UPLINK = "uplink"
    SELF = "self"
    PLATFORM = "platform"


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """Rules whose faults further up a relation explain a fault, and how long it waits for them (ms).

    `wait_ms` None: as long as the slowest of them may need.
    """

    relation: Relation
    rules: tuple[str, ...]
    wait_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of the catalogue; `patterns` has an entry for each kind it watches.

    `tests` names the files, beside the catalogue's, that prove it. `depends_on` are faults further up that
    explain its own. `concerns` says which phases of what the device powers a fault concerns, by a condition
    for each; empty: all of it. `runbook` names the page that says what to do, empty: there is none.
    """

    id: str
    version: int
    title: Label
    severity: Severity
    patterns: Mapping[str, Pattern]
    severity_by_kind: Mapping[str, Severity] = field(default_factory=lambda: MappingProxyType({}))
    tests: tuple[str, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    concerns: Mapping[str, Expression] = field(default_factory=lambda: MappingProxyType({}))
    escalations: tuple[Escalation, ...] = ()
    flap: Flap | None = None
    runbook: str = ""

    @property
    def flapping_title(self) -> Label:
        """What the flapping of its faults is called."""
        return Label(vi=f"Chập chờn: {self.title.vi}", en=f"Flapping: {self.title.en}")

    def severity_of(self, kind_id: str) -> Severity:
        """How bad a fault of this rule is on a kind of device."""
        return self.severity_by_kind.get(kind_id, self.severity)
