"""Live history beside a backtest: which faults would have been added, missing or moved."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rules.backtest.past_fault import PastFault
from rules.backtest.span import Span

__all__ = ["Comparison", "Moved", "RuleFigures", "compared"]


@dataclass(frozen=True)
class Moved:
    """A fault that both know, with other times, or raised by another version of its rule."""

    live: PastFault
    backtest: PastFault


@dataclass(frozen=True)
class RuleFigures:
    """How many faults of one rule there are."""

    same: int = 0
    added: int = 0
    missing: int = 0
    moved: int = 0


@dataclass(frozen=True)
class Comparison:
    """What a backtest found beside what happened. `same` counts faults that are alike in every respect."""

    same: Sequence[PastFault]
    added: Sequence[PastFault]
    missing: Sequence[PastFault]
    moved: Sequence[Moved]

    @property
    def is_identical(self) -> bool:
        """Whether nothing would have been otherwise."""
        return not (self.added or self.missing or self.moved)

    @property
    def by_rule(self) -> Mapping[str, RuleFigures]:
        """The figures of each rule that has any."""
        counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_FIGURES, 0))
        for name in ("same", "added", "missing"):
            for fault in getattr(self, name):
                counts[fault.rule][name] += 1
        for moved in self.moved:
            counts[moved.live.rule]["moved"] += 1
        return {rule: RuleFigures(**counts[rule]) for rule in sorted(counts)}


_FIGURES = tuple(RuleFigures.__dataclass_fields__)


def compared(live: Iterable[PastFault], backtest: Iterable[PastFault], span: Span) -> Comparison:
    """Match faults of one rule and device: by id, then those active at the start, then those at one time."""
    pairs: dict[tuple[str, str], tuple[list[PastFault], list[PastFault]]] = defaultdict(lambda: ([], []))
    for side, faults in enumerate((live, backtest)):
        for fault in faults:
            pairs[fault.rule, fault.device][side].append(fault)
    same: list[PastFault] = []
    added: list[PastFault] = []
    missing: list[PastFault] = []
    moved: list[Moved] = []
    for pair in sorted(pairs):
        ours, theirs = pairs[pair]
        matches = _matches(ours, theirs, span)
        for left, right in matches:
            if _alike(left, right, span):
                same.append(right)
            else:
                moved.append(Moved(left, right))
        missing += _rest(ours, [left.id for left, _ in matches])
        added += _rest(theirs, [right.id for _, right in matches])
    return Comparison(same, added, missing, moved)


def _rest(faults: Iterable[PastFault], matched: Sequence[str]) -> list[PastFault]:
    return [fault for fault in faults if fault.id not in matched]


def _matches(
    live: Sequence[PastFault], backtest: Sequence[PastFault], span: Span
) -> list[tuple[PastFault, PastFault]]:
    by_id = {fault.id: fault for fault in backtest}
    found = [(fault, by_id[fault.id]) for fault in live if fault.id in by_id]
    ids = [fault.id for fault, _ in found]
    left, right = (sorted(_rest(faults, ids), key=_since) for faults in (live, backtest))
    for fault in left:
        other = next((one for one in right if _started(fault, one, span) or fault.overlaps(one)), None)
        if other is not None:
            right.remove(other)
            found.append((fault, other))
    return found


def _since(fault: PastFault) -> int:
    return fault.since_ms


def _started(live: PastFault, backtest: PastFault, span: Span) -> bool:
    """Whether both were active when the period began: the warm-up may not reach back to how it started."""
    return max(live.detected_at_ms, backtest.detected_at_ms) < span.from_ms


def _alike(live: PastFault, backtest: PastFault, span: Span) -> bool:
    if live.rule_version != backtest.rule_version or live.cleared_at_ms != backtest.cleared_at_ms:
        return False
    if live.id == backtest.id:
        return live.raised_at_ms == backtest.raised_at_ms
    return _started(live, backtest, span)
