"""The rules of one kind as polars expressions over the columns of a batch."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from devices.batch import reading_schema
from devices.catalogue import kinds
from rules.detection.context import context_inputs
from rules.detection.fleet import Fleet
from rules.detection.heads import NO_ROW
from rules.detection.machine import Phase, Timing
from rules.expressions.compiler import clean, compile_tree
from rules.expressions.expression import Expression
from rules.expressions.relations import RelationCall, unanswered
from rules.expressions.scope import CONTEXT_FUNCTIONS, ContextCall, column_of, related_kind
from rules.expressions.syntax import Name, Node
from rules.rule import Lasting, Missing, Rule

__all__ = ["Judgement", "Plan", "Watch", "gives_bool", "watch_of"]

_GAP_INTERVALS = 2


@dataclass(frozen=True)
class Watch:
    """One lasting rule on one kind, with the columns it reads."""

    rule: Rule
    pattern: Lasting
    timing: Timing
    columns: tuple[str, ...]

    @property
    def relations(self) -> frozenset[RelationCall]:
        """The functions over other devices that it uses."""
        return frozenset(call for expression in self.pattern.expressions for call in expression.relations)

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


def watch_of(rule: Rule, pattern: Lasting) -> Watch:
    """A rule as it watches one kind."""
    columns = [column for expression in pattern.expressions for column in _inputs(expression)]
    timing = Timing(pattern.for_ms, pattern.min_samples, pattern.clear_for_ms, pattern.missing)
    return Watch(rule, pattern, timing, tuple(dict.fromkeys(columns)))


def _inputs(expression: Expression) -> Iterator[str]:
    yield from expression.columns
    yield from sorted(call.column for call in expression.context)
    yield from sorted(call.column for call in expression.windows)
    yield from sorted(call.column for call in expression.relations)


class Plan:
    """The polars expressions that a kind's watches need, made once.

    `asked` are those that rules about other devices ask, as doubles; `types` those of every column that
    watches may use; `fields` the fields of readings that any of them reads.
    """

    def __init__(self, watches: Iterable[Watch], fleet: Fleet, asked: Mapping[str, Node]) -> None:
        schema = reading_schema(fleet.kind.id)
        expressions = [expression for watch in watches for expression in watch.pattern.expressions]
        expressions += [Expression(column, tree) for column, tree in asked.items()]
        self.asked = {
            column: compile_tree(tree).cast(pl.Float64).alias(column) for column, tree in asked.items()
        }
        names = {name.text: name for expression in expressions for name in expression.names}.values()
        before = sorted({name.member for name in names if name.root == "prev"})
        fields = sorted({name.member for name in names if name.root == "m"} | set(before))
        self.cleaned = [clean(field, schema[field]) for field in fields]
        self.before_types = {f"prev.{field}": _clean_type(schema[field]) for field in before}
        self.before = [_shifted(field) for field in before]
        self.context = frozenset(call for expression in expressions for call in expression.context)
        self.windows = frozenset(call for expression in expressions for call in expression.windows)
        self.fields = frozenset(fields) | {call.field for call in self.windows}
        of_device = {column_of(name) for name in names if name.root == "d"} | {"interval_ms", "in_service"}
        self.of_device = sorted(of_device | context_inputs(self.context))
        self.types = {field: _clean_type(schema[field]) for field in fields} | self.before_types
        self.types |= {name: fleet.columns.schema[name] for name in of_device}
        self.types |= {call.column: pl.Float64 for call in self.windows}
        self.types |= {call.column: _gives(call) for call in self.context}


class Judgement:
    """The polars expressions by which some watches are judged together."""

    def __init__(self, watches: Iterable[Watch], kind_id: str) -> None:
        self.watches = tuple(watches)
        self.truths = [_AFTER_GAP, *(truth for watch in self.watches for truth in _truths(watch))]
        self.busy = [_busy(watch) for watch in self.watches]
        calls = {call for watch in self.watches for call in watch.relations}
        self.unanswered = [
            pl.lit(None, pl.Boolean if gives_bool(call, kind_id) else pl.Float64).alias(call.column)
            for call in sorted(calls, key=lambda call: call.column)
        ]
        self.open = [pl.any_horizontal(list(map(_is_open, self.watches)) or [pl.lit(value=False)])]


def _is_open(watch: Watch) -> pl.Expr:
    """Whether a reading may matter to a watch, whatever other devices say."""
    may_hold = compile_tree(unanswered(watch.pattern.when.tree)).fill_null(value=True)
    return (pl.col(watch.phase) != Phase.INACTIVE) | may_hold


def gives_bool(call: RelationCall, kind_id: str) -> bool:
    """Whether a function over other devices gives a bool: a parent's own, not a share or sum."""
    if call.function != "parent" or not isinstance(call.about, Name):
        return False
    return kinds()[related_kind(call, kind_id) or ""].by_name[call.about.member].value == "bool"


def _gives(call: ContextCall) -> Any:
    return pl.Boolean if CONTEXT_FUNCTIONS[call.function].gives.value == "bool" else pl.Float64


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
