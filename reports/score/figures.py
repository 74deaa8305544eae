"""The figures of a score: how many were found, how soon, and how much of what was raised was right."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

__all__ = ["FalseReport", "Figures", "Missed", "Score", "TypeScore", "p95", "share"]


def share(part: int, whole: int) -> float | None:
    """A part of a whole, to four places; None of nothing."""
    return round(part / whole, 4) if whole else None


def middle(values: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return round(median(values), 1) if values else None


def p95(values: Sequence[float]) -> float | None:
    """The smallest value that at least 95 % do not exceed (nearest rank); None of nothing."""
    return round(sorted(values)[math.ceil(0.95 * len(values)) - 1], 1) if values else None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Counts, and what follows from them.

    `found` and `missed` make up `observable`; with `left_out` they make up `injected`. `right` and `false`
    count reports: faults, or single suspected violations. Delays are seconds.
    """

    injected: int = 0
    left_out: int = 0
    found: int = 0
    missed: int = 0
    right: int = 0
    false: int = 0
    repeats: int = 0
    delays_s: tuple[float, ...] = ()
    events: int | None = None
    events_found: int | None = None

    @property
    def observable(self) -> int:
        """How many injections are judged."""
        return self.found + self.missed

    @property
    def precision(self) -> float | None:
        """Of what was raised, the share that was right; None if nothing was raised."""
        return share(self.right, self.right + self.false)

    @property
    def recall(self) -> float | None:
        """Of what could be found, the share that was; None if there was nothing."""
        return share(self.found, self.observable)

    @property
    def event_recall(self) -> float | None:
        """The same for single violations, where the truth says how many there were."""
        return None if self.events is None else share(self.events_found or 0, self.events)

    @property
    def median_delay_s(self) -> float | None:
        """From the first moment it could be observed to the moment the service knew."""
        return middle(self.delays_s)

    @property
    def p95_delay_s(self) -> float | None:
        """What 95 % of the delays do not exceed."""
        return p95(self.delays_s)


@dataclass(frozen=True, kw_only=True)
class TypeScore:
    """The figures of one type of fault; of a look-alike (`real` false) only `injected` and `false` count.

    `covered`: a rule exists that is meant to find it. `violation`: judged by suspected violations. `bound_s`:
    what its median delay may not exceed, by its quickest rule; None where there is none.
    """

    fault: str
    real: bool
    violation: bool
    covered: bool
    figures: Figures
    bound_s: float | None = None

    @property
    def is_within_bound(self) -> bool | None:
        """Whether the median delay keeps to the bound; None where there is no delay or no bound."""
        median_s = self.figures.median_delay_s
        return None if median_s is None or self.bound_s is None else median_s <= self.bound_s


@dataclass(frozen=True, kw_only=True)
class Missed:
    """An injection that nothing answered. Times are epoch ms."""

    fault: str
    device: str
    rules: tuple[str, ...]
    from_ms: int
    to_ms: int
    observable_from_ms: int
    detail: str


@dataclass(frozen=True, kw_only=True)
class FalseReport:
    """A fault or suspected violation for which there was no reason; `look_alike` names what provoked it."""

    id: str
    rule: str
    device: str
    at_ms: int
    look_alike: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Score:
    """A run's score. `faults` and `violations` are totals, each report and injection counted once.

    `covered` is the total over the types for which a rule exists. `incidents_by_hour` counts, from the run's
    first hour on, what people were notified of.
    """

    city: str
    scenario: str
    seed: int
    devices: int
    from_ms: int
    to_ms: int
    faults: Figures
    covered: Figures
    violations: Figures
    types: tuple[TypeScore, ...]
    symptoms: int
    suppressed: int
    incidents_by_hour: tuple[int, ...]
    operators: int
    missed: tuple[Missed, ...] = ()
    false: tuple[FalseReport, ...] = ()
    base_url: str = ""
    run: dict[str, float | int | str] = field(default_factory=dict)

    @property
    def hours(self) -> float:
        """How long the run was."""
        return (self.to_ms - self.from_ms) / 3_600_000

    @property
    def incidents(self) -> int:
        """What people were notified of."""
        return sum(self.incidents_by_hour)

    @property
    def incidents_per_operator_hour(self) -> float:
        """Notified incidents that one operator had to take in an hour."""
        return round(self.incidents / self.operators / self.hours, 4)
