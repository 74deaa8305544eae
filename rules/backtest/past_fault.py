"""A fault as history or a backtest knows it."""

from dataclasses import dataclass, replace

from rules.faults import FaultRaised, Severity

__all__ = ["PastFault"]


@dataclass(frozen=True, kw_only=True)
class PastFault:
    """A fault without what explains it; times are epoch ms, `cleared_at_ms` None while it lasts."""

    id: str
    rule: str
    rule_version: int
    device: str
    kind: str
    area: str
    severity: Severity
    since_ms: int
    raised_at_ms: int
    detected_at_ms: int
    cleared_at_ms: int | None = None

    @classmethod
    def of(cls, change: FaultRaised) -> "PastFault":
        """The fault that has just been raised."""
        return cls(**{name: getattr(change, name) for name in cls.__dataclass_fields__ if name in _OF_CHANGE})

    def cleared(self, at_ms: int) -> "PastFault":
        """The same, ended."""
        return replace(self, cleared_at_ms=at_ms)

    def lasts_at(self, at_ms: int) -> bool:
        """Whether it is active at a moment, or later."""
        return self.cleared_at_ms is None or self.cleared_at_ms >= at_ms

    def overlaps(self, other: "PastFault") -> bool:
        """Whether both are active at one time."""
        return self.lasts_at(other.since_ms) and other.lasts_at(self.since_ms)


_OF_CHANGE = frozenset(FaultRaised.__dataclass_fields__)
