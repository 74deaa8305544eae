"""Faults that come and go: counted where a fault's state has changed lately, and nowhere else.

A pair of rule and device whose faults were neither raised nor cleared within the window has no state here, so
that readings that change nothing cost nothing. Every applied reading is an evaluated state, and so is a
silence that is found.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from rules.detection.fleet import Fleet
from rules.detection.outcome import Change
from rules.faults import FaultCleared, FaultRaised, fault_id
from rules.flap import Flap, flapping_rule, share_changed
from rules.rule import Rule

__all__ = ["FlapState", "Flapping"]

_Pair = tuple[str, int]


class FlapState(Struct, frozen=True, array_like=True):
    """How many states ago a pair's fault came or went, and since when it flaps; None: it does not."""

    ages: tuple[int, ...] = ()
    since_ms: int | None = None


class Flapping:
    """The rules of one kind that watch for flapping, and the pairs whose state changed lately."""

    def __init__(self, rules: Iterable[Rule], fleet: Fleet) -> None:
        self._rules = {
            rule.id: (rule, rule.flap)
            for rule in rules
            if rule.flap is not None and fleet.kind.id in rule.patterns
        }
        self._fleet = fleet
        self._states: dict[int, dict[str, FlapState]] = {}

    def states_of(self, row: int) -> Mapping[str, FlapState]:
        """The states of a device's pairs, by rule."""
        return self._states.get(row, {})

    def restore(self, row: int, states: Mapping[str, FlapState]) -> None:
        """Put back the states of a device's pairs; those of rules that do not watch for it are left out."""
        known = {rule: state for rule, state in states.items() if rule in self._rules}
        if known:
            self._states[row] = known

    def watches(self, rule_id: str) -> bool:
        """Whether a rule watches for flapping."""
        return rule_id in self._rules

    @property
    def is_used(self) -> bool:
        """Whether any rule watches for flapping."""
        return bool(self._rules)

    @property
    def rules(self) -> AbstractSet[str]:
        """The rules that watch for flapping."""
        return self._rules.keys()

    def observe(
        self,
        ready: pl.DataFrame,
        changes: Iterable[Change],
        judged: AbstractSet[str] | None,
        now_ms: int,
    ) -> list[Change]:
        """What readings, in order, and the faults they raised and cleared say about flapping.

        `judged` are the rules of which each reading is an evaluated state; None: all.
        """
        moved = self._moved(changes)
        rows = self._states.keys() | {row for _, row in moved}
        if not rows:
            return []
        own = ready.filter(pl.col("row").is_in(list(rows))).select("row", "ts")
        found: list[Change] = []
        for row, ts_ms in own.iter_rows():
            evaluated = self._states.get(row, {}).keys() | {rule for rule, at in moved if at == row}
            found += self._evaluate(
                row, ts_ms, evaluated if judged is None else evaluated & judged, moved, now_ms
            )
        return found

    def observe_silent(self, raised: Iterable[FaultRaised], now_ms: int) -> list[Change]:
        """What silences that were found say about flapping."""
        moved = self._moved(raised)
        found: list[Change] = []
        for (rule, row), times in sorted(moved.items()):
            every = self._states.get(row, {}).keys() | {rule}
            found += self._evaluate(row, min(times), every, moved, now_ms)
        return found

    def _moved(self, changes: Iterable[Change]) -> dict[_Pair, set[int]]:
        """When the state of each pair changed."""
        moved: dict[_Pair, set[int]] = {}
        for change in changes:
            if not isinstance(change, FaultRaised | FaultCleared) or change.rule not in self._rules:
                continue
            row = self._fleet.row_of(change.device)
            at_ms = change.raised_at_ms if isinstance(change, FaultRaised) else change.cleared_at_ms
            if row is not None:
                moved.setdefault((change.rule, row), set()).add(at_ms)
        return moved

    def _evaluate(
        self, row: int, ts_ms: int, rules: AbstractSet[str], moved: Mapping[_Pair, set[int]], now_ms: int
    ) -> list[Change]:
        """One evaluated state of pairs of a device: they age by one; those that changed add a change."""
        states = self._states.setdefault(row, {})
        found: list[Change] = []
        for rule_id in sorted(rules):
            rule, flap = self._rules[rule_id]
            has_changed = ts_ms in moved.get((rule_id, row), ())
            state = _aged(states.get(rule_id, FlapState()), has_changed=has_changed, window=flap.window)
            state, change = self._judge(rule, flap, row, state, (ts_ms, now_ms))
            found += change
            if state.ages or state.since_ms is not None:
                states[rule_id] = state
            else:
                states.pop(rule_id, None)
        if not states:
            self._states.pop(row, None)
        return found

    def _judge(
        self, rule: Rule, flap: Flap, row: int, state: FlapState, times: tuple[int, int]
    ) -> tuple[FlapState, list[Change]]:
        """Whether flapping begins or ends with this state."""
        ts_ms, now_ms = times
        share = share_changed(state.ages, flap.window)
        why = _why(rule, flap, state, share)
        device = self._fleet.devices[row]
        if state.since_ms is None and share > flap.high:
            raised = FaultRaised(
                id=fault_id(flapping_rule(rule.id), device.id, ts_ms),
                rule=flapping_rule(rule.id),
                rule_version=rule.version,
                title=rule.flapping_title,
                device=device.id,
                kind=device.kind,
                area=device.area,
                severity=rule.severity_of(device.kind),
                since_ms=ts_ms,
                raised_at_ms=ts_ms,
                detected_at_ms=now_ms,
                why=why,
            )
            return replace(state, since_ms=ts_ms), [raised]
        if state.since_ms is not None and share < flap.low:
            cleared = FaultCleared(
                id=fault_id(flapping_rule(rule.id), device.id, state.since_ms),
                rule=flapping_rule(rule.id),
                device=device.id,
                cleared_at_ms=ts_ms,
                detected_at_ms=now_ms,
                why=why,
            )
            return replace(state, since_ms=None), [cleared]
        return state, []


def _aged(state: FlapState, *, has_changed: bool, window: int) -> FlapState:
    ages = tuple(age + 1 for age in state.ages if age + 1 < window - 1)
    return replace(state, ages=(*ages, 0) if has_changed else ages)


def _why(rule: Rule, flap: Flap, state: FlapState, share: float) -> dict[str, object]:
    return {
        "rule": rule.id,
        "version": rule.version,
        "expression": f"changes in the last {flap.window} states, weighted: above {flap.high:.0%} it begins,"
        f" below {flap.low:.0%} it ends",
        "values": f"{len(state.ages)} changes, {share:.1%}",
        "samples": [],
    }
