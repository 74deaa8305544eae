"""Which faults explain which, by rule: checked as a whole."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rules.errors import RuleError
from rules.management.inference import Inference, inferences
from rules.rule import Dependency, Pattern, Relation, Rule

__all__ = ["Dependencies", "check_dependencies"]

_WHOLE = "the catalogue"
_ANCESTRAL = frozenset({Relation.POWERED_BY, Relation.UPLINK})


def check_dependencies(rules: Iterable[Rule]) -> None:
    """Return if every rule that another depends on exists, and no rule explains itself in a circle.

    Raises:
        RuleError: naming the rule that is wrong.
    """
    graph = {rule.id: rule.depends_on for rule in rules}
    own = inferences()
    graph |= {one.id: one.depends_on for one in own.values()}
    # Our inferences speak of our rules; a catalogue of somebody's own may lack some.
    for rule, dependencies in graph.items():
        for named in (name for one in dependencies for name in one.rules):
            if rule not in own and named not in graph:
                raise RuleError(_WHOLE, rule, f"depends_on names the rule {named!r}, which is none")
    for rule in graph:
        way = _circle(rule, graph)
        if way is not None:
            raise RuleError(_WHOLE, rule, f"depends_on goes in a circle: {' -> '.join(way)}")


def _circle(start: str, graph: Mapping[str, tuple[Dependency, ...]]) -> list[str] | None:
    """The way from a rule back to itself; None if there is none.

    A rule may explain itself further up: a switch behind a switch. There the registry has no circles.
    """
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop()
        for above in _above(way[-1], graph):
            if above == start:
                return [*way, start]
            if above not in seen:
                seen.add(above)
                ways.append([*way, above])
    return None


def _above(rule: str, graph: Mapping[str, tuple[Dependency, ...]]) -> Iterator[str]:
    for one in graph.get(rule, ()):
        yield from (name for name in one.rules if name != rule or one.relation not in _ANCESTRAL)


@dataclass(frozen=True)
class Dependencies:
    """What management must know of the rules: what each depends on, and how each comes about."""

    of: Mapping[str, tuple[Dependency, ...]]
    rules: Mapping[str, Rule]
    inferences: Mapping[str, Inference] = field(default_factory=inferences)

    @classmethod
    def among(cls, rules: Iterable[Rule]) -> "Dependencies":
        """Those of a catalogue and of the product's inferences."""
        known = {rule.id: rule for rule in rules}
        found = {rule.id: rule.depends_on for rule in known.values()}
        found |= {one.id: one.depends_on for one in inferences().values()}
        return cls(found, known)

    @property
    def named_parts(self) -> frozenset[str]:
        """The rules whose explanations are read to see which part of the device a fault concerns."""
        inferred = {one.id for one in self.inferences.values()}
        return frozenset({rule.id for rule in self.rules.values() if rule.concerns} | inferred)

    def pattern(self, rule: str, kind: str) -> Pattern | None:
        """How a rule watches a kind; None if it does not, or is inferred."""
        known = self.rules.get(rule)
        return known.patterns.get(kind) if known is not None else None
