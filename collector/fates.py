"""What becomes of every decoded record. The sum of the fates and of what is pending is what was received."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Balance", "Fate", "Tally"]


class Fate(StrEnum):
    """Where a record ended; `received` counts it when it came."""

    RECEIVED = "received"
    WRITTEN = "written"
    EVENTS = "events"
    STATUS = "status"
    IGNORED = "ignored"
    DEAD_LETTERED = "dead_lettered"
    DUPLICATES = "duplicates"


@dataclass
class Tally:
    """Counts by fate and reason; the reason is empty where a fate needs none."""

    counts: Counter[tuple[Fate, str]] = field(default_factory=Counter)

    def add(self, fate: Fate, count: int = 1, reason: str = "") -> None:
        """Count records of a fate."""
        if count:
            self.counts[fate, reason] += count

    def of(self, fate: Fate) -> int:
        """All records of a fate, whatever the reason."""
        return sum(count for (counted, _), count in self.counts.items() if counted is fate)

    def reasons(self, fate: Fate) -> Mapping[str, int]:
        """Records of a fate by reason."""
        return {reason: count for (counted, reason), count in self.counts.items() if counted is fate}


@dataclass(frozen=True)
class Balance:
    """The tally and the records still pending, read at one checkpoint."""

    tally: Tally
    pending: int

    @property
    def adds_up(self) -> bool:
        """Whether received = written + events + status + ignored + dead_lettered + duplicates + pending."""
        ended = sum(self.tally.of(fate) for fate in Fate if fate is not Fate.RECEIVED)
        return self.tally.of(Fate.RECEIVED) == ended + self.pending

    def as_dict(self) -> dict[str, int]:
        """Every fate and `pending` by name."""
        return {fate.value: self.tally.of(fate) for fate in Fate} | {"pending": self.pending}
