"""Readings that do not come: absence rules, driven by the idle clock and never by the wall clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl
from msgspec import Struct

from rules.detection.explanation import why_silent, why_speaking
from rules.detection.fleet import Fleet
from rules.detection.heads import Heads
from rules.faults import FaultCleared, FaultRaised, fault_id
from rules.rule import Rule, Silence

__all__ = ["Silences", "SilentState"]


class SilentState(Struct, frozen=True, array_like=True):
    """A device that counts as silent since its last reading; `raised_at_ms` is when it should have spoken."""

    since_ms: int
    raised_at_ms: int


@dataclass(frozen=True)
class _Watch:
    rule: Rule
    pattern: Silence
    expected_ms: pl.Series
    """How long each device may be silent."""

    @property
    def shortest_ms(self) -> int:
        shortest = self.expected_ms.min()
        return shortest if isinstance(shortest, int) else 0

    @property
    def flag(self) -> str:
        return f"silent:{self.rule.id}"


class Silences:
    """The absence rules of one kind, and the devices that are silent by them."""

    def __init__(self, rules: Iterable[Rule], fleet: Fleet) -> None:
        patterns = ((rule, rule.patterns.get(fleet.kind.id)) for rule in rules)
        self._watches = tuple(
            _Watch(rule, pattern, _expected_ms(pattern, fleet))
            for rule, pattern in patterns
            if isinstance(pattern, Silence)
        )
        self._fleet = fleet
        self._lateness_ms = round(fleet.kind.lateness_s * 1000)
        self._next_check_ms = {watch.rule.id: 0 for watch in self._watches}
        self.silent: dict[str, dict[int, SilentState]] = {watch.rule.id: {} for watch in self._watches}

    @property
    def head_types(self) -> dict[str, Any]:
        """The columns that the heads must have for us."""
        return {watch.flag: pl.Boolean for watch in self._watches}

    @property
    def next_due_ms(self) -> int | None:
        """The received time before which nobody can become silent; None without a rule of silence."""
        return min(self._next_check_ms.values(), default=None)

    def restore(self, rule_id: str, row: int, state: SilentState, heads: Heads) -> None:
        """Put back that a device is silent."""
        self.silent[rule_id][row] = state
        heads.write([row], {f"silent:{rule_id}": [True]})

    def hear(self, ready: pl.DataFrame, now_ms: int, heads: Heads) -> list[FaultCleared]:
        """End the silence of the devices of which readings, in order, could be applied."""
        changes: list[FaultCleared] = []
        for watch in self._watches:
            silent = self.silent[watch.rule.id]
            if not silent:
                continue
            speaking = ready.filter(pl.col("row").is_in(list(silent))).unique("row", keep="first")
            for row, ts_ms in speaking.select("row", "ts").sort("row").iter_rows():
                changes.append(self._cleared(watch, row, silent.pop(row), (ts_ms, now_ms)))
            heads.write(speaking["row"], {watch.flag: [None] * speaking.height})
        return changes

    def advance(self, received_up_to_ms: int, caught_up_since_ms: int, heads: Heads) -> list[FaultRaised]:
        """The devices that are silent now that everything received up to a moment is known.

        For each device the idle clock is that moment less the kind's lateness and the device's usual delay.
        Nobody is silent before one full expectation has passed since we caught up.
        """
        changes: list[FaultRaised] = []
        for watch in self._watches:
            if received_up_to_ms < self._next_check_ms[watch.rule.id]:
                continue
            due = self._due(watch, received_up_to_ms, caught_up_since_ms, heads)
            for last in due.iter_rows(named=True):
                state = SilentState(last["max_ts"], last["max_ts"] + last["expected"])
                self.silent[watch.rule.id][last["row"]] = state
                changes.append(self._raised(watch, last, state, received_up_to_ms))
            floors = due.select(pl.max_horizontal("floor", pl.col("max_ts") + pl.col("expected"))).to_series()
            heads.write(due["row"], {watch.flag: [True] * due.height, "floor": floors})
        return changes

    def _due(
        self, watch: _Watch, received_up_to_ms: int, caught_up_since_ms: int, heads: Heads
    ) -> pl.DataFrame:
        """The devices that have just become silent; also notes when the next one can."""
        expected = pl.col("expected")
        # A reading that still waits for its place has been heard: hence `max_ts`, not the last applied.
        since = pl.max_horizontal(pl.col("max_ts"), caught_up_since_ms)
        # Nor is a device silent that hands over old readings at the moment.
        due = pl.max_horizontal(
            since + expected + pl.col("lag") + self._lateness_ms, pl.col("heard") + expected
        )
        speaking = (
            heads.whole(["max_ts", "last_seq", "lag", "floor", "heard", watch.flag])
            .with_columns(watch.expected_ms, self._fleet.columns["in_service"])
            .with_row_index("row")
            .filter(pl.col("max_ts").is_not_null() & pl.col("in_service") & pl.col(watch.flag).is_null())
            .with_columns(due=due)
        )
        # Whoever is heard after this moment may not be silent for a full expectation.
        later = speaking["due"].filter(speaking["due"] > received_up_to_ms).min()
        soonest_ms = received_up_to_ms + watch.shortest_ms
        self._next_check_ms[watch.rule.id] = min(later, soonest_ms) if isinstance(later, int) else soonest_ms
        return speaking.filter(pl.col("due") <= received_up_to_ms)

    def _raised(
        self, watch: _Watch, last: dict[str, Any], state: SilentState, received_up_to_ms: int
    ) -> FaultRaised:
        device, rule = self._fleet.devices[last["row"]], watch.rule
        return FaultRaised(
            id=fault_id(rule.id, device.id, state.since_ms),
            rule=rule.id,
            rule_version=rule.version,
            title=rule.title,
            device=device.id,
            kind=device.kind,
            area=device.area,
            severity=rule.severity_of(device.kind),
            since_ms=state.since_ms,
            raised_at_ms=state.raised_at_ms,
            detected_at_ms=received_up_to_ms,
            why=why_silent(rule, watch.pattern, last, received_up_to_ms),
        )

    def _cleared(self, watch: _Watch, row: int, state: SilentState, times: tuple[int, int]) -> FaultCleared:
        device = self._fleet.devices[row]
        ts_ms, now_ms = times
        return FaultCleared(
            id=fault_id(watch.rule.id, device.id, state.since_ms),
            rule=watch.rule.id,
            device=device.id,
            cleared_at_ms=ts_ms,
            detected_at_ms=now_ms,
            why=why_speaking(watch.rule, ts_ms),
        )


def _expected_ms(pattern: Silence, fleet: Fleet) -> pl.Series:
    intervals = fleet.columns["interval_ms"]
    if pattern.expect_ms is not None:
        intervals = intervals * 0 + pattern.expect_ms
    return (intervals * pattern.tolerate).round().cast(pl.Int64).alias("expected") + pattern.jitter_ms
