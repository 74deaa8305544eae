"""Conditions of readings: evaluated over columns, and where something is going on, handed to the machine."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from rules.detection.context import Context
from rules.detection.deferred import Deferred
from rules.detection.explanation import why_cleared, why_raised
from rules.detection.fleet import Fleet
from rules.detection.heads import NO_ROW, Heads
from rules.detection.kin import Kin
from rules.detection.machine import Evidence, PairState, Phase, Sample, Transition, step
from rules.detection.past import Ints
from rules.detection.telling import Telling
from rules.detection.usual import Usual
from rules.detection.watches import Judgement, Plan, Watch, watch_of
from rules.detection.windows import Windows
from rules.expressions.relations import RelationCall
from rules.expressions.syntax import Node
from rules.expressions.windows import USUAL
from rules.faults import FaultCleared, FaultRaised, fault_id
from rules.rule import Lasting, Rule

__all__ = ["Conditions"]

Change = FaultRaised | FaultCleared


class Conditions:
    """The lasting rules of one kind, and the pairs of rule and device that are not simply inactive.

    What the rules of other devices ask these is noted in `telling`; rules that ask others wait in `deferred`
    until `release`. A `witness` is shown every frame as it was judged: for questions, not for the hot path.
    """

    def __init__(
        self, rules: Iterable[Rule], fleet: Fleet, context: Context, asked: Mapping[str, Node] | None = None
    ) -> None:
        kind = fleet.kind
        patterns = ((rule, rule.patterns.get(kind.id)) for rule in rules)
        self.watches = tuple(
            watch_of(rule, pattern) for rule, pattern in patterns if isinstance(pattern, Lasting)
        )
        self.pairs: Mapping[str, dict[int, PairState]] = {watch.rule.id: {} for watch in self.watches}
        self._fleet = fleet
        self._context = context
        self._plan = Plan(self.watches, fleet, asked or {})
        columns = fleet.columns.with_columns(context.of_devices(kind, fleet.devices))
        self._of_device = columns.select(name for name in self._plan.of_device if name in columns.columns)
        self.windows = Windows(self._plan.windows, fleet.kind, len(fleet))
        of_usual = (call for call in self._plan.windows if call.function == USUAL)
        self.usual = Usual(of_usual, len(fleet), context.zone)
        self.telling = Telling(len(fleet) if asked else 0, self._plan.asked)
        self._alone = Judgement((watch for watch in self.watches if not watch.relations), kind.id)
        self._related = Judgement((watch for watch in self.watches if watch.relations), kind.id)
        self._related_ids = frozenset(watch.rule.id for watch in self._related.watches)
        self.deferred = Deferred(self._plan.types if self._related.watches else {}, self._related.watches)
        self.evaluated = 0
        self.witness: Callable[[Sequence[Watch], pl.DataFrame], None] | None = None

    @property
    def relations(self) -> frozenset[RelationCall]:
        """The functions over other devices that the rules use."""
        return frozenset(call for watch in self._related.watches for call in watch.relations)

    @property
    def related(self) -> frozenset[str]:
        """The rules that ask other devices."""
        return self._related_ids

    @property
    def head_types(self) -> dict[str, Any]:
        """The columns that the heads must have for us."""
        phases = {watch.phase: pl.UInt8 for watch in self.watches}
        return phases | self._plan.before_types

    @property
    def fields(self) -> frozenset[str]:
        """The fields of readings that any condition reads."""
        return self._plan.fields

    def apply(self, ready: pl.DataFrame, heads: Heads, now_ms: int) -> list[Change]:
        """What readings, in order as `Ordering` gives them, change about faults."""
        if ready.height == 0 or not (self.watches or self._plan.asked):
            return []
        frame = self._prepared(ready, heads)
        if not self._fleet.all_in_service:
            frame = frame.filter("in_service")
        self.evaluated += frame.height * len(self.watches)
        if self._plan.asked and frame.height:
            self.telling.note(frame.select("row", "ts", *self._plan.asked.values()))
        if self.deferred.is_used:
            self.deferred.add(self._undecided(frame, heads))
        return self._judge(self._alone, frame, heads, now_ms)

    def _undecided(self, frame: pl.DataFrame, heads: Heads) -> pl.DataFrame:
        """The readings about which other devices may matter.

        What is false whatever they say changes nothing about a condition that is not true, unless an earlier
        reading of the device waits. Three-valued logic says so of conditions whose answers are unknown.
        """
        judgement = self._related
        phases = heads.read(frame["row"], [watch.phase for watch in judgement.watches])
        judged = frame.hstack(phases).with_columns_seq(judgement.unanswered).select_seq(judgement.open)
        rows = pl.concat([frame["row"].filter(judged.to_series()), self.deferred.rows])
        return frame.filter(pl.col("row").is_in(rows.implode())) if rows.len() else frame.clear()

    def release(
        self, until: Ints, kin: Iterable[Kin], heads: Heads, now_ms: int
    ) -> tuple[pl.DataFrame, list[Change]]:
        """What readings that waited for other devices change, now that all is known of those up to `until`.

        `until` has a moment for each device, epoch ms. Gives the readings too.
        """
        frame = self.deferred.take(pl.Series("until", until))
        rows, ts = frame["row"].to_numpy().astype(np.int64), frame["ts"].to_numpy()
        related = frame.with_columns(one.column(rows, ts) for one in kin)
        return frame, self._judge(self._related, related, heads, now_ms)

    def _judge(self, judgement: Judgement, frame: pl.DataFrame, heads: Heads, now_ms: int) -> list[Change]:
        if not judgement.watches or frame.height == 0:
            return []
        phases = heads.read(frame["row"], [watch.phase for watch in judgement.watches])
        judged = frame.hstack(phases).with_columns_seq(judgement.truths)
        if self.witness is not None:
            self.witness(judgement.watches, judged)
        busy = judged.select_seq(judgement.busy)
        changes: list[Change] = []
        for watch in judgement.watches:
            if busy[watch.phase].any():
                rows = judged["row"].filter(busy[watch.phase])
                changes += self._run(watch, judged.filter(pl.col("row").is_in(rows.implode())), heads, now_ms)
        return changes

    def restore(self, rule_id: str, row: int, state: PairState, heads: Heads) -> None:
        """Put back the state of a pair."""
        self.pairs[rule_id][row] = state
        heads.write([row], {f"phase:{rule_id}": [int(state.phase)]})

    def _prepared(self, ready: pl.DataFrame, heads: Heads) -> pl.DataFrame:
        """The readings with every column that the expressions read."""
        plan = self._plan
        frame = ready.with_columns_seq(plan.cleaned)
        if plan.before_types:
            frame = frame.hstack(heads.read(frame["row"], list(plan.before_types))).with_columns_seq(
                plan.before
            )
            last = frame.filter(pl.col("row") != pl.col("row").shift(-1, fill_value=NO_ROW))
            heads.write(last["row"], {name: last[name.removeprefix("prev.")] for name in plan.before_types})
        frame = frame.hstack(self._of_device[frame["row"]])
        frame = self.usual.add(self.windows.add(frame))
        if plan.context:
            frame = self._context.add(frame, plan.context)
        return frame

    def _run(self, watch: Watch, rows: pl.DataFrame, heads: Heads, now_ms: int) -> list[Change]:
        """Step the machine through the readings of the devices on which a rule is busy."""
        pairs = self.pairs[watch.rule.id]
        changes: list[Change] = []
        for told in rows.select(watch.told).iter_rows():
            row, sample, watermark_ms = told[0], _sample(told), told[4]
            state = pairs.get(row)
            following, transition = step(state, sample, watch.timing)
            if following is None:
                pairs.pop(row, None)
            else:
                pairs[row] = following
            if transition is Transition.RAISED and following is not None:
                changes.append(self._raised(watch, row, following, (watermark_ms, now_ms)))
            elif transition is Transition.CLEARED and state is not None:
                changes.append(self._cleared(watch, row, (state, sample.evidence), (watermark_ms, now_ms)))
        touched = rows["row"].unique()
        phases = [pairs[row].phase if row in pairs else Phase.INACTIVE for row in touched]
        heads.write(touched, {watch.phase: [int(phase) for phase in phases]})
        return changes

    def _raised(self, watch: Watch, row: int, state: PairState, times: tuple[int, int]) -> FaultRaised:
        device, rule = self._fleet.devices[row], watch.rule
        watermark_ms, now_ms = times
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
            raised_at_ms=state.evidence[-1].ts_ms,
            detected_at_ms=now_ms,
            why=why_raised(rule, watch.pattern, state, watermark_ms),
        )

    def _cleared(
        self, watch: Watch, row: int, ended: tuple[PairState, Evidence], times: tuple[int, int]
    ) -> FaultCleared:
        device, rule = self._fleet.devices[row], watch.rule
        (state, evidence), (watermark_ms, now_ms) = ended, times
        return FaultCleared(
            id=fault_id(rule.id, device.id, state.since_ms),
            rule=rule.id,
            device=device.id,
            cleared_at_ms=evidence.ts_ms,
            detected_at_ms=now_ms,
            why=why_cleared(rule, watch.pattern, evidence, watermark_ms),
        )


def _sample(told: tuple[Any, ...]) -> Sample:
    """A row of `Watch.told` as the machine sees it."""
    _, ts_ms, seq, after_gap, _, truth, clear, values = told
    return Sample(Evidence(ts_ms, seq, values or {}), truth, clear, after_gap)
