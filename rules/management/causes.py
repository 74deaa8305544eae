"""Which active fault explains another, and how long a fault waits for one that may still show."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from devices.device import Device
from rules.expressions.evaluator import evaluate
from rules.expressions.relations import SILENT_INTERVALS
from rules.expressions.scope import column_of
from rules.management.dependencies import Dependencies
from rules.management.inference import Inference, Over
from rules.management.situation import ActiveFault
from rules.management.topology import Topology
from rules.rule import Dependency, Lasting, Pattern, Relation, Silence

__all__ = ["BEYOND", "MARGIN_MS", "PART", "Causes", "Onset"]

MARGIN_MS = 10_000
"""How much longer than its cause's detection a fault waits, and the least that it waits at all."""

PART = "part"
"""Where the explanation of an inferred fault names the circuit that it concerns."""

BEYOND = "beyond_m"
"""Where it says from how far from the cabinet on."""

_SLACK_MS = 60_000


class Onset(NamedTuple):
    """Between which moments a fault's trouble began (epoch ms)."""

    earliest_ms: int
    latest_ms: int


class Causes:
    """The active faults of a moment as causes of each other."""

    def __init__(self, dependencies: Dependencies, topology: Topology) -> None:
        self._dependencies = dependencies
        self._topology = topology
        self._at: dict[tuple[str, str], list[ActiveFault]] = defaultdict(list)
        self._of_rule: dict[str, list[ActiveFault]] = defaultdict(list)

    def add(self, faults: Iterable[ActiveFault]) -> None:
        """Let more faults be causes."""
        for fault in faults:
            self._at[fault.device, fault.rule].append(fault)
            self._of_rule[fault.rule].append(fault)

    def of(self, fault: ActiveFault, among: frozenset[str] | None = None) -> ActiveFault | None:
        """The fault that explains another: the nearest one up in the first relation that has one.

        `among` names the only rules to consider. A fault that began clearly before its would-be cause is not
        explained by it.
        """
        for dependency in self._dependencies.of.get(fault.rule, ()):
            rules = [one for one in dependency.rules if among is None or one in among]
            for cause in self._candidates(fault, dependency.relation, rules):
                if cause.id != fault.id and self._explains(cause, fault, dependency.relation):
                    return cause
        return None

    def _candidates(self, fault: ActiveFault, relation: Relation, rules: list[str]) -> Iterable[ActiveFault]:
        if relation is Relation.PLATFORM:
            return [one for rule in rules for one in self._of_rule.get(rule, ())]
        above = self._topology.above(fault.device, relation)
        return [one for asset in above for rule in rules for one in self._at.get((asset.id, rule), ())]

    def _explains(self, cause: ActiveFault, fault: ActiveFault, relation: Relation) -> bool:
        if self.onset(fault).latest_ms + _SLACK_MS < self.onset(cause).earliest_ms:
            return False
        inference = self._dependencies.inferences.get(cause.rule)
        if inference is not None and inference.over is Over.KIND:
            return True
        return relation is not Relation.POWERED_BY or self._is_fed_by(cause, fault, inference)

    def _is_fed_by(self, cause: ActiveFault, fault: ActiveFault, inference: Inference | None) -> bool:
        """Whether what failed of an asset is what feeds the device: its circuit, its phase, or all of it."""
        device = self._topology.registry[fault.device]
        chain = (device, *self._topology.above(fault.device, Relation.POWERED_BY))
        supply = next(
            (one.powered_by for one in chain if one.powered_by and one.powered_by.parent == cause.device),
            None,
        )
        if inference is not None and inference.over in (Over.CIRCUIT, Over.CIRCUIT_END):
            is_beyond = self._topology.metres(fault.device) >= cause.why.get(BEYOND, 0.0)
            return supply is not None and supply.circuit == cause.why.get(PART) and is_beyond
        phases = self.lost_phases(cause)
        return phases is None or (supply is not None and supply.phase in phases)

    def lost_phases(self, fault: ActiveFault) -> frozenset[str] | None:
        """The phases that a fault concerns, by the readings that proved it; None if it concerns all."""
        rule = self._dependencies.rules.get(fault.rule)
        if rule is None or not rule.concerns:
            return None
        device = self._topology.registry.get(fault.device)
        samples = fault.why.get("samples") or [{}]
        values = samples[-1].get("values", {})
        attributes = device.attributes if device is not None else {}
        return frozenset(
            phase
            for phase, condition in rule.concerns.items()
            if evaluate(
                condition.tree,
                {
                    column_of(name): values.get(name.text, attributes.get(name.text.partition(".")[2]))
                    for name in condition.names
                },
            )
        )

    def onset(self, fault: ActiveFault) -> Onset:
        """When a fault's trouble began, as far as can be told."""
        interval_ms = self._topology.interval_ms(fault.device)
        if isinstance(self._dependencies.pattern(fault.rule, fault.kind), Silence):
            # Its first reading is the last that came; the trouble began before the next one was due.
            return Onset(fault.since_ms, fault.since_ms + interval_ms)
        if fault.rule in self._dependencies.inferences:
            return Onset(fault.since_ms, fault.since_ms)
        return Onset(fault.since_ms - interval_ms - self._unnoticed_ms(fault), fault.since_ms)

    def _unnoticed_ms(self, fault: ActiveFault) -> int:
        """How long what a fault's rule looks at lasts before a reading can show it.

        A rule that asks which children are silent sees them so some of their intervals after their last word.
        """
        pattern = self._dependencies.pattern(fault.rule, fault.kind)
        if not isinstance(pattern, Lasting) or not any(one.is_of_silence for one in pattern.when.relations):
            return 0
        below = (self._topology.slowest(one, fault.device)[0] for one in self._dependencies.inferences)
        return SILENT_INTERVALS * max(below, default=0)

    def wait_until_ms(self, fault: ActiveFault, among: frozenset[str] | None = None) -> int:
        """Until when a cause of a fault may still show; its detection for one that has none above it.

        `among` names the only rules to consider.
        """
        begun_ms = self.onset(fault).latest_ms
        waits_ms = [
            begun_ms + reaction_ms
            for dependency in self._dependencies.of.get(fault.rule, ())
            if (reaction_ms := self._reaction_ms(fault, dependency, among)) is not None
        ]
        if not waits_ms:
            return fault.detected_at_ms
        return max([fault.detected_at_ms, *waits_ms]) + MARGIN_MS

    def recheck_ms(self, fault: ActiveFault) -> int:
        """How long a fault whose cause has gone has to clear: one interval, and what its rule asks."""
        pattern = self._dependencies.pattern(fault.rule, fault.kind)
        clearing_ms = pattern.clear_for_ms if isinstance(pattern, Lasting) else 0
        # What is judged by the devices below it needs theirs.
        below = (self._topology.slowest(one, fault.device)[0] for one in self._dependencies.inferences)
        return max(self._topology.interval_ms(fault.device), *below) + clearing_ms

    def _reaction_ms(
        self, fault: ActiveFault, dependency: Dependency, among: frozenset[str] | None
    ) -> int | None:
        """How long the slowest of the causes that a dependency names needs; None if there can be none."""
        found = [
            self._needs_ms(asset.id, asset.kind, rule)
            for asset in self._possible(fault, dependency.relation)
            for rule in dependency.rules
            if among is None or rule in among
        ]
        possible = [needs_ms for needs_ms in found if needs_ms is not None]
        if not possible:
            return None
        return max(possible) if dependency.wait_ms is None else dependency.wait_ms

    def _possible(self, fault: ActiveFault, relation: Relation) -> Sequence[Device]:
        centre = self._topology.centre
        if relation is Relation.PLATFORM:
            return () if centre is None else (centre,)
        return self._topology.above(fault.device, relation)

    def _needs_ms(self, asset: str, kind: str, rule: str) -> int | None:
        inference = self._dependencies.inferences.get(rule)
        if inference is not None:
            return self._inferring_ms(asset, inference) if inference.kind == kind else None
        pattern = self._dependencies.pattern(rule, kind)
        if pattern is None:
            return None
        return _detection_ms(pattern, self._topology.interval_ms(asset)) + self._topology.lateness_ms(asset)

    def _inferring_ms(self, asset: str, inference: Inference) -> int:
        """How long until the slowest device that vouches for an asset would have shown its sign."""
        interval_ms, lateness_ms = self._topology.slowest(inference.id, asset)
        patterns = [
            pattern
            for sign in inference.signs
            if (rule := self._dependencies.rules.get(sign)) is not None
            for pattern in rule.patterns.values()
        ]
        return max((_detection_ms(pattern, interval_ms) for pattern in patterns), default=0) + lateness_ms


def _detection_ms(pattern: Pattern, interval_ms: int) -> int:
    """How long a rule needs from the first reading that shows a fault, or the last one before a silence."""
    if isinstance(pattern, Silence):
        return round(pattern.tolerate * (pattern.expect_ms or interval_ms)) + pattern.jitter_ms
    if isinstance(pattern, Lasting):
        return max(pattern.for_ms, (pattern.min_samples - 1) * interval_ms) + interval_ms
    return 0
