"""Why a rule has found a fault of a device at a moment, or none: the same engine, asked about one pair."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from devices.batch import ReadingBatch, reading_schema
from devices.description import Label
from devices.durations import written_duration
from devices.registry import Device
from devices.stream import Content, Entry, Mark
from rules.detection.engine import Engine
from rules.detection.machine import PairState, Phase
from rules.detection.watches import Watch
from rules.expressions.evaluator import Value, evaluate
from rules.expressions.rendering import render
from rules.expressions.syntax import Binary, Node
from rules.rule import Lasting, Pattern, Rule, Silence

__all__ = ["Term", "WhyNot", "why_not"]


@dataclass(frozen=True)
class Term:
    """A part of a condition: as written, with the values, and whether it holds (None: unknown)."""

    expression: str
    values: str
    holds: bool | None


@dataclass(frozen=True, kw_only=True)
class WhyNot:
    """What a rule made of a device up to a moment.

    `measured_at_ms` is the last reading that was judged, None if there was none; `terms` are the parts of the
    condition. `is_fault` says whether there is a fault, and `verdict` why or why not.
    """

    verdict: Label
    is_fault: bool
    measured_at_ms: int | None = None
    expression: str = ""
    values: str = ""
    holds: bool | None = None
    terms: tuple[Term, ...] = ()


def why_not(engine: Engine, rule: Rule, device: Device, readings: pl.DataFrame, at_ms: int) -> WhyNot:
    """Why there is a fault, or none, at a moment.

    `engine` is a fresh one with that rule and a registry that has the device; `readings` are those measured
    in the time before, as a telemetry store gives them with all fields.

    Raises:
        LookupError: the rule judges no readings of such a device.
    """
    pattern = rule.patterns.get(device.kind)
    if not isinstance(pattern, Lasting | Silence):
        raise LookupError(  # noqa: TRY004 - the rule may be fine, it does not watch the device
            f"the rule {rule.id!r} judges no readings of a {device.kind}"
        )
    measured = readings.filter(pl.col("measured_at").to_physical() <= at_ms)
    if measured.is_empty():
        return WhyNot(verdict=_NO_READING, is_fault=False)
    seen: list[Mapping[str, Any]] = []

    def witness(watches: Sequence[Watch], judged: pl.DataFrame) -> None:
        if any(watch.rule.id == rule.id for watch in watches):
            seen.append(judged.row(-1, named=True))

    lane = engine.lane(device.kind)
    lane.conditions.witness = witness
    _play(engine, device, measured, at_ms)
    row = lane.fleet.row_of(device.id)
    if isinstance(pattern, Silence):
        return _of_silence(is_silent=row in lane.silences.silent[rule.id], last=measured)
    if not seen:
        return WhyNot(verdict=_NOT_JUDGED, is_fault=False)
    return _of_condition(pattern, seen[-1], lane.conditions.pairs[rule.id].get(row or 0))


def _play(engine: Engine, device: Device, measured: pl.DataFrame, at_ms: int) -> None:
    """Let the engine read everything; the clock then shows the moment asked about."""
    schema = reading_schema(device.kind)
    added = {"area": pl.lit(device.area), "device_time": pl.col("measured_at").to_physical()}
    missing = {name: pl.lit(None) for name in schema if name not in {*measured.columns, *added}}
    frame = measured.with_columns(**added, **missing).select(list(schema)).cast(pl.Schema(schema))
    ordered = frame.sort("received_at", "measured_at", "seq", maintain_order=True)
    first_ms = int(ordered["received_at"].to_physical()[0])
    contents: list[Content] = [Mark(first_ms, caught_up=True), ReadingBatch(device.kind, ordered)]
    engine.process([Entry(number, content) for number, content in enumerate(contents, 1)])
    last_ms = int(ordered["received_at"].to_physical()[-1])
    engine.process([Entry(3, Mark(max(at_ms, last_ms), caught_up=True))])


def _of_silence(*, is_silent: bool, last: pl.DataFrame) -> WhyNot:
    newest = int(last["measured_at"].to_physical()[-1])
    return WhyNot(verdict=_SILENT if is_silent else _SPEAKS, is_fault=is_silent, measured_at_ms=newest)


def _of_condition(pattern: Lasting, row: Mapping[str, Any], state: PairState | None) -> WhyNot:
    tree, text = pattern.when.tree, pattern.when.text
    parts = ((node, part, _truth(evaluate(node, row))) for node, part in _terms(tree, text))
    terms = tuple(Term(part, render(node, row), holds) for node, part, holds in parts)
    holds = _truth(evaluate(tree, row))
    return WhyNot(
        verdict=_verdict(pattern, state, holds, terms),
        is_fault=state is not None and state.phase >= Phase.ACTIVE,
        measured_at_ms=row["ts"],
        expression=text,
        values=render(tree, row),
        holds=holds,
        terms=terms,
    )


def _truth(value: Value) -> bool | None:
    return None if value is None else bool(value)


def _terms(node: Node, text: str) -> Iterator[tuple[Node, str]]:
    """The parts that `&&` and `||` join, each with its text."""
    if isinstance(node, Binary) and node.operator in ("&&", "||"):
        # The text is padded, so that the columns of the whole still hold for its parts.
        yield from _terms(node.left, text[: node.column - 1])
        yield from _terms(node.right, " " * (node.column + 1) + text[node.column + 1 :])
    else:
        yield node, _without_loose_brackets(text.strip())


def _without_loose_brackets(text: str) -> str:
    while text.count("(") > text.count(")") and text.startswith("("):
        text = text[1:].strip()
    while text.count(")") > text.count("(") and text.endswith(")"):
        text = text[:-1].strip()
    return text


def _verdict(pattern: Pattern, state: PairState | None, holds: bool | None, terms: tuple[Term, ...]) -> Label:  # noqa: FBT001
    if state is not None and state.phase >= Phase.ACTIVE:
        return _ACTIVE if state.phase is Phase.ACTIVE else _CLEARING
    if state is not None and isinstance(pattern, Lasting):
        held, wanted = written_duration(state.held_ms), written_duration(pattern.for_ms)
        count, least = state.samples, pattern.min_samples
        return Label(
            vi=f"Điều kiện đã đúng {held} trên {wanted} và {count} trên {least} lần đo.",
            en=f"The condition has held {held} of {wanted}, in {count} of {least} readings.",
        )
    wrong = [term for term in terms if term.holds is (False if holds is False else None)]
    named = "; ".join(f"{term.expression}: {term.values}" for term in wrong)
    if holds is None:
        return Label(vi=f"Không xác định được: {named}", en=f"It is unknown: {named}")
    return Label(vi=f"Điều kiện không đúng: {named}", en=f"The condition does not hold: {named}")


_NO_READING = Label(vi="Không có lần đo nào trước lúc đó.", en="There is no reading before that moment.")
_NOT_JUDGED = Label(
    vi="Các lần đo còn chờ đúng thứ tự, hoặc thiết bị không hoạt động.",
    en="The readings still wait for their place in the order, or the device is not in service.",
)
_SILENT = Label(vi="Thiết bị im lặng: có sự cố.", en="The device is silent: there is a fault.")
_SPEAKS = Label(vi="Thiết bị không im lặng đủ lâu.", en="The device has not been silent for long enough.")
_ACTIVE = Label(vi="Có sự cố đang diễn ra.", en="There is an active fault.")
_CLEARING = Label(
    vi="Có sự cố, đang chờ xác nhận đã hết.", en="There is a fault, whose end has not lasted long enough yet."
)
