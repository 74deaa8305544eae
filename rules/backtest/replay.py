"""Stored readings through the engine as if they came now, under a clock that follows their received times."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from devices.batch import ReadingBatch
from devices.stream import Content, Entry, Mark
from rules.backtest.past_fault import PastFault
from rules.backtest.span import Span
from rules.detection.engine import Engine
from rules.detection.outcome import Change
from rules.faults import FaultCleared, FaultRaised

__all__ = ["Cost", "Frames", "Progress", "replayed"]

_LONGEST_STEP_MS = 60_000
"""Readings of so much time are read at once, unless somebody may become silent sooner."""

_MARK_EVERY_MS = 1_000

Frames = Mapping[str, pl.DataFrame]
"""Readings by kind, each frame in the order of `received_at`."""

Progress = Callable[[int], None]
"""Told up to when everything received has been read, in epoch ms."""


@dataclass(frozen=True)
class Cost:
    """What a backtest took: readings, conditions evaluated over them, and seconds of the engine."""

    readings: int
    evaluated: int
    engine_s: float


def replayed(
    engine: Engine, received: Iterable[Frames], span: Span, progress: Progress = lambda _: None
) -> tuple[list[PastFault], Cost]:
    """The faults that an engine finds in readings, given in the order of received time, and what it cost.

    Faults that ended before the period are left out.
    """
    clock = _Clock(engine, span.warm_from_ms)
    faults: dict[str, PastFault] = {}
    readings = 0
    began_s = time.process_time()
    engine_s = 0.0
    for frames in received:
        readings += sum(frame.height for frame in frames.values())
        for step in _steps(frames, engine):
            began_s = time.process_time()
            clock.read(step)
            _follow(faults, engine.take_changes())
            engine_s += time.process_time() - began_s
        progress(clock.now_ms)
    clock.advance(span.to_ms)
    _follow(faults, engine.take_changes())
    evaluated = sum(engine.counters.evaluated.values())
    found = [fault for fault in faults.values() if fault.lasts_at(span.from_ms)]
    return found, Cost(readings, evaluated, engine_s)


class _Clock:
    """Feeds an engine and keeps its idle clock; marks stand before and behind everything that is read."""

    def __init__(self, engine: Engine, start_ms: int) -> None:
        self._engine = engine
        self._number = 0
        self.now_ms = start_ms
        self._process([Mark(start_ms, caught_up=True)])

    def read(self, frames: Frames) -> None:
        """Read what came until the newest of it."""
        first_ms = min(_received(frame, 0) for frame in frames.values())
        self.advance(first_ms - 1)
        self._process([ReadingBatch(kind, frame) for kind, frame in frames.items()])
        self.advance(max(_received(frame, -1) for frame in frames.values()))

    def advance(self, now_ms: int) -> None:
        """Everything received until then has been read."""
        while self.now_ms < now_ms:
            due_ms = self._engine.next_silence_ms
            # Where nothing comes, marks stand where somebody becomes silent, so that it is found then.
            is_due = due_ms is not None and self.now_ms < due_ms
            next_ms = -(-due_ms // _MARK_EVERY_MS) * _MARK_EVERY_MS if due_ms and is_due else now_ms
            self.now_ms = min(next_ms, now_ms)
            self._process([Mark(self.now_ms, caught_up=True)])

    def _process(self, contents: Iterable[Content]) -> None:
        entries = [Entry(self._number + offset, content) for offset, content in enumerate(contents, 1)]
        self._number += len(entries)
        self._engine.process(entries)


def _received(frame: pl.DataFrame, row: int) -> int:
    found: int = frame["received_at"].to_physical()[row]
    return found


def _steps(frames: Frames, engine: Engine) -> Iterator[Frames]:
    """The same readings in parts, during none of which anybody can become silent."""
    rest = {kind: frame for kind, frame in frames.items() if not frame.is_empty()}
    while rest:
        first_ms = min(_received(frame, 0) for frame in rest.values())
        end_ms = first_ms + _LONGEST_STEP_MS
        due_ms = engine.next_silence_ms
        if due_ms is not None:
            end_ms = max(first_ms, min(end_ms, due_ms))
        step: dict[str, pl.DataFrame] = {}
        after: dict[str, pl.DataFrame] = {}
        for kind, frame in rest.items():
            count = int((frame["received_at"].to_physical() <= end_ms).sum())
            if count:
                step[kind] = frame.head(count)
            if count < frame.height:
                after[kind] = frame.slice(count)
        yield step
        rest = after


def _follow(faults: dict[str, PastFault], changes: Iterable[Change]) -> None:
    for change in changes:
        if isinstance(change, FaultRaised):
            faults[change.id] = PastFault.of(change)
        elif isinstance(change, FaultCleared):
            faults[change.id] = faults[change.id].cleared(change.cleared_at_ms)
