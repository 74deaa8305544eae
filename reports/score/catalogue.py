"""What the score must know of the rules: which there are, which of them suspect, and how long each takes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from devices.catalogue import kinds
from devices.description import DeviceKind
from reports.score.truth import Injection
from rules.expressions.scope import related_kind
from rules.management.inference import inferences
from rules.rule import Happening, Lasting, Pattern, Rule, Silence

__all__ = ["RuleBook", "rule_book"]


@dataclass(frozen=True, kw_only=True)
class RuleBook:
    """The rules that exist, those of them that judge events, and the reaction time of each on a kind (ms).

    A reaction time is the bound of the median delay: duration or readings, one interval, and the lateness.
    """

    known: frozenset[str] = frozenset()
    of_events: frozenset[str] = frozenset()
    reactions_ms: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def reaction_ms(self, injection: Injection) -> int:
        """How long the quickest rule for an injection needs; 0 if there is none that could see it."""
        times = [self.reactions_ms.get((rule, injection.kind)) for rule in injection.rules]
        return min((ms for ms in times if ms is not None), default=0)

    def bound_s(self, injection: Injection) -> float | None:
        """The longest that the median delay of its type may be; None where no rule exists."""
        return self.reaction_ms(injection) / 1000 if self.covers(injection) else None

    def is_violation(self, injection: Injection) -> bool:
        """Whether an injection is scored by suspected violations and not by faults."""
        return injection.events is not None or not self.of_events.isdisjoint(injection.rules)

    def covers(self, injection: Injection) -> bool:
        """Whether a rule exists that is meant to find it."""
        return not self.known.isdisjoint(injection.rules)


def rule_book(rules: Iterable[Rule], interval_s: float | None = None) -> RuleBook:
    """What a score needs of rules; `interval_s` is how often devices report, where it is not their kind's."""
    rules = tuple(rules)
    patterns = [(rule.id, kind, pattern) for rule in rules for kind, pattern in rule.patterns.items()]
    inferred = inferences().values()
    reactions_ms = {
        (rule, kind): _reaction_ms(pattern, kinds()[kind], interval_s) for rule, kind, pattern in patterns
    }
    # What is inferred takes as long as the slowest of its signs.
    signs = {
        (one.id, one.kind): max(
            (ms for (rule, _), ms in reactions_ms.items() if rule in one.signs), default=0
        )
        for one in inferred
    }
    return RuleBook(
        known=frozenset([*(rule.id for rule in rules), *(one.id for one in inferred)]),
        of_events=frozenset(rule for rule, _, pattern in patterns if isinstance(pattern, Happening)),
        reactions_ms=reactions_ms | signs,
    )


def _reaction_ms(pattern: Pattern, kind: DeviceKind, interval_s: float | None) -> int:
    """The longest that a rule needs after the first reading that shows a fault; late readings included."""
    interval_ms = round((interval_s or kind.interval_s) * 1000)
    # The reading that ends the time comes up to an interval after it, and is late.
    then_ms = interval_ms + round(max(one.lateness_s for one in _read(pattern, kind)) * 1000)
    match pattern:
        case Lasting():
            return max(pattern.for_ms, (pattern.min_samples - 1) * interval_ms) + then_ms
        case Silence():
            expected_ms = pattern.expect_ms or interval_ms
            return round(pattern.tolerate * expected_ms) + pattern.jitter_ms + then_ms
        case Happening():
            return then_ms


def _read(pattern: Pattern, kind: DeviceKind) -> Iterator[DeviceKind]:
    """The kinds whose readings a rule waits for: its own, and those of the devices that it asks."""
    yield kind
    if isinstance(pattern, Lasting):
        related = (related_kind(call, kind.id) for call in pattern.when.relations)
        yield from (kinds()[one] for one in related if one is not None)
