"""Conditions of readings: evaluated over columns, and where something is going on, handed to the machine."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from devices.batch import reading_schema
from rules.detection.context import Context, context_inputs
from rules.detection.explanation import why_cleared, why_raised
from rules.detection.fleet import Fleet
from rules.detection.heads import NO_ROW, Heads
from rules.detection.machine import Evidence, PairState, Phase, Sample, Timing, Transition, step
from rules.detection.windows import Windows
from rules.expressions.compiler import clean
from rules.expressions.expression import Expression
from rules.expressions.scope import column_of
from rules.faults import FaultCleared, FaultRaised, fault_id
from rules.rule import Lasting, Missing, Rule

__all__ = ["Conditions", "Watch"]

Change = FaultRaised | FaultCleared

_GAP_INTERVALS = 2


@dataclass(frozen=True)
class Watch:
    """One lasting rule on one kind, with the columns it reads."""

    rule: Rule
    pattern: Lasting
    timing: Timing
    columns: tuple[str, ...]

    @property
    def phase(self) -> str:
        """The heads' column that holds its phase on each device."""
        return f"phase:{self.rule.id}"

    @property
    def truth(self) -> str:
        """The column that says whether the condition holds."""
        return f"when:{self.rule.id}"

    @property
    def clear(self) -> str:
        """The column that says whether what ends it holds."""
        return f"clear:{self.rule.id}"

    @property
    def told(self) -> list[pl.Expr]:
        """What the machine is told of a reading, and the device's watermark."""
        values = pl.struct(self.columns) if self.columns else pl.lit(None)
        plain = ("row", "ts", "seq", "after_gap", "watermark", self.truth, self.clear)
        return [*map(pl.col, plain), values.alias("values")]


def _watch(rule: Rule, pattern: Lasting) -> Watch:
    columns = [column for expression in pattern.expressions for column in _inputs(expression)]
    timing = Timing(pattern.for_ms, pattern.min_samples, pattern.clear_for_ms, pattern.missing)
    return Watch(rule, pattern, timing, tuple(dict.fromkeys(columns)))


def _inputs(expression: Expression) -> Iterator[str]:
    yield from expression.columns
    yield from sorted(call.column for call in expression.context)
    yield from sorted(call.column for call in expression.windows)


class Conditions:
    """The lasting rules of one kind, and the pairs of rule and device that are not simply inactive."""

    def __init__(self, rules: Iterable[Rule], fleet: Fleet, context: Context) -> None:
        kind = fleet.kind
        patterns = ((rule, rule.patterns.get(kind.id)) for rule in rules)
        self.watches = tuple(
            _watch(rule, pattern) for rule, pattern in patterns if isinstance(pattern, Lasting)
        )
        self.pairs: Mapping[str, dict[int, PairState]] = {watch.rule.id: {} for watch in self.watches}
        self._fleet = fleet
        self._context = context
        self._plan = _Plan(self.watches, fleet)
        columns = fleet.columns.with_columns(context.of_devices(kind, fleet.devices))
        self._of_device = columns.select(name for name in self._plan.of_device if name in columns.columns)
        self.windows = Windows(self._plan.windows, fleet.kind, len(fleet))
        self.evaluated = 0

    @property
    def head_types(self) -> dict[str, Any]:
        """The columns that the heads must have for us."""
        phases = {watch.phase: pl.UInt8 for watch in self.watches}
        return phases | self._plan.before_types

    def apply(self, ready: pl.DataFrame, heads: Heads, now_ms: int) -> list[Change]:
        """What readings, in order as `Ordering` gives them, change about faults."""
        if not self.watches or ready.height == 0:
            return []
        frame = self._prepared(ready, heads)
        if not self._fleet.all_in_service:
            frame = frame.filter("in_service")
        self.evaluated += frame.height * len(self.watches)
        phases = heads.read(frame["row"], [watch.phase for watch in self.watches])
        judged = frame.hstack(phases).with_columns_seq(self._plan.truths)
        busy = judged.select_seq(self._plan.busy)
        changes: list[Change] = []
        for watch in self.watches:
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
        frame = self.windows.add(frame)
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


class _Plan:
    """The polars expressions that a kind's watches need, made once."""

    def __init__(self, watches: tuple[Watch, ...], fleet: Fleet) -> None:
        kind = fleet.kind
        schema = reading_schema(kind.id)
        expressions = [expression for watch in watches for expression in watch.pattern.expressions]
        names = {name.text: name for expression in expressions for name in expression.names}.values()
        before = sorted({name.member for name in names if name.root == "prev"})
        fields = sorted({name.member for name in names if name.root == "m"} | set(before))
        self.cleaned = [clean(field, schema[field]) for field in fields]
        self.before_types = {f"prev.{field}": _clean_type(schema[field]) for field in before}
        self.before = [_shifted(field) for field in before]
        self.context = frozenset(call for expression in expressions for call in expression.context)
        self.windows = frozenset(call for expression in expressions for call in expression.windows)
        of_device = {column_of(name) for name in names if name.root == "d"} | {"interval_ms", "in_service"}
        self.of_device = sorted(of_device | context_inputs(self.context))
        self.truths = [_AFTER_GAP, *(truth for watch in watches for truth in _truths(watch))]
        self.busy = [_busy(watch) for watch in watches]


def _clean_type(data_type: Any) -> Any:
    if data_type in (pl.Float64, pl.Int64):
        return pl.Float64
    return pl.Boolean if data_type == pl.Boolean else pl.String


def _shifted(field: str) -> pl.Expr:
    """A field's value in the device's reading before: of this batch, else the remembered one."""
    same = pl.col("row") == pl.col("row").shift(1, fill_value=NO_ROW)
    return (
        pl.when(same).then(pl.col(field).shift(1)).otherwise(pl.col(f"prev.{field}")).alias(f"prev.{field}")
    )


_AFTER_GAP = (
    ((pl.col("ts") - pl.col("before_ts")) > _GAP_INTERVALS * pl.col("interval_ms"))
    .fill_null(value=False)
    .alias("after_gap")
)


def _truths(watch: Watch) -> tuple[pl.Expr, pl.Expr]:
    when, ends = watch.pattern.when.compiled, watch.pattern.clear_when
    clear = when.not_() if ends is None else ends.compiled
    return when.alias(watch.truth), clear.alias(watch.clear)


def _busy(watch: Watch) -> pl.Expr:
    """Whether the machine has anything to do: the truth differs from the state, or a timer runs."""
    phase = pl.col(watch.phase)
    begins = (phase == Phase.INACTIVE) & pl.col(watch.truth).fill_null(value=False)
    ends = (phase == Phase.ACTIVE) & pl.col(watch.clear).fill_null(watch.timing.missing is Missing.CLEAR)
    return (begins | ends | (phase == Phase.PENDING) | (phase == Phase.CLEARING)).alias(watch.phase)
