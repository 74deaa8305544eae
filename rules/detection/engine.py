"""The engine: entries of a journal in, faults and suspected violations out, in event time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from devices.batch import DEAD_LETTER_SCHEMA, STATUS_SCHEMA, ReadingBatch
from devices.catalogue import kinds
from devices.cities import City
from devices.plans import Programme
from devices.registry import Registry
from devices.stream import Content, DeadLetterBatch, Entry, EventBatch, Mark, Position, StatusBatch
from rules.detection.context import Context
from rules.detection.fleet import Fleet
from rules.detection.lane import Lane, retired
from rules.detection.outcome import Change, Outcome, Snapshot
from rules.detection.state import DeviceState, decode, encode
from rules.expressions.scope import related_kind
from rules.expressions.syntax import Literal, Node
from rules.rule import Lasting, Rule

__all__ = ["Counters", "Engine"]


_MARKS_WITHIN_MS = 2_000
"""Marks follow each other more closely than this while we run; after a longer time we did not."""


@dataclass(frozen=True)
class Counters:
    """What happened since the start, by kind; `evaluated` counts rules times readings."""

    late: Mapping[str, int]
    duplicates: Mapping[str, int]
    evaluated: Mapping[str, int]
    waiting: Mapping[str, int]
    active: Mapping[str, int]
    unknown_devices: int
    without_evidence: int
    unfit: int


class Engine:
    """Detection over one journal. Not thread-safe: one call at a time.

    Deterministic: the same entries give the same changes, however they are divided into calls. The times at
    which changes are detected, and nothing else, may depend on the division.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        registry: Registry,
        programmes: Iterable[Programme],
        city: City,
    ) -> None:
        every = tuple(rules)
        context = Context(programmes, city)
        asked = _asked(every)
        self._lanes = {
            kind.id: Lane(Fleet(kind, registry, city.zone), every, context, asked.get(kind.id))
            for kind in kinds().values()
        }
        for lane in self._lanes.values():
            lane.relate(self._lanes)
        # A mark costs each lane something, also one without devices.
        self._manned = [lane for lane in self._lanes.values() if len(lane.fleet)]
        self._kind_of = {device.id: device.kind for device in registry.values()}
        self._number: int | None = None
        self._received_ms = 0
        self._marked_ms = 0
        self._caught_up_since_ms: int | None = None
        self._found = _Found()
        self._forgotten: list[str] = []

    def lane(self, kind: str) -> Lane:
        """Detection for one kind of device."""
        return self._lanes[kind]

    @property
    def has_changes(self) -> bool:
        """Whether a fault or violation waits to be taken."""
        return bool(self._found.changes)

    @property
    def counters(self) -> Counters:
        """Figures for metrics."""
        lanes = self._lanes
        return Counters(
            late={kind: lane.ordering.late for kind, lane in lanes.items()},
            duplicates={kind: lane.ordering.duplicates for kind, lane in lanes.items()},
            evaluated={kind: lane.conditions.evaluated for kind, lane in lanes.items()},
            waiting={kind: lane.ordering.waiting.height for kind, lane in lanes.items()},
            active={kind: lane.active for kind, lane in lanes.items()},
            unknown_devices=sum(lane.ordering.unknown_devices for lane in lanes.values()),
            without_evidence=sum(lane.happenings.without_evidence for lane in lanes.values()),
            unfit=sum(lane.happenings.unfit for lane in lanes.values()),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a stored state; only before the first entry.

        Active faults that no rule watches any more, or whose device is gone, end.

        Raises:
            msgspec.DecodeError: a blob is not a state.
        """
        self._number = None if snapshot.position is None else snapshot.position.number
        by_kind: dict[str | None, dict[str, DeviceState]] = {}
        for device, blob in snapshot.devices.items():
            by_kind.setdefault(self._kind_of.get(device), {})[device] = decode(blob)
        for kind, states in by_kind.items():
            lane = self._lanes.get(kind or "")
            if lane is not None:
                self._found.changes += lane.restore(states)
                continue
            for device, state in states.items():
                self._found.changes += retired(
                    device, state, set(), "the device is no longer in the registry"
                )
                self._forgotten.append(device)

    @property
    def idle_clock(self) -> tuple[int, int | None]:
        """Up to when everything is received, and since when we are caught up; epoch ms."""
        return self._received_ms, self._caught_up_since_ms

    def set_idle_clock(self, clock: tuple[int, int | None]) -> None:
        """Go on from another engine's idle clock; a new one would find nobody silent for a while."""
        self._received_ms, self._caught_up_since_ms = clock

    def process(self, entries: Sequence[Entry]) -> None:
        """Read entries in the order of the journal; what they change waits for `take_outcome`."""
        for is_mark, run in groupby(entries, key=lambda entry: isinstance(entry.content, Mark)):
            listed = list(run)
            if is_mark:
                for entry in listed:
                    self._advance(entry.content)
            else:
                for together in self._readable(listed):
                    self._read(together)
            self._number = listed[-1].number

    def take_outcome(self, journal: str) -> Outcome:
        """Everything found since the last call, with the state of the devices touched."""
        found, self._found = self._found, _Found()
        devices = {device: encode(DeviceState(heads={})) for device in self._forgotten}
        self._forgotten = []
        for lane in self._lanes.values():
            devices |= {device: encode(state) for device, state in lane.take_states().items()}
        position = None if self._number is None else Position(journal, self._number)
        return Outcome(
            snapshot=Snapshot(position, devices),
            changes=tuple(found.changes),
            latest=found.latest(),
            statuses=_concat(found.statuses, pl.DataFrame(schema=dict(STATUS_SCHEMA))),
            dead_letters=_concat(
                found.dead_letters, pl.DataFrame(schema=dict(DEAD_LETTER_SCHEMA) | {"entry": pl.Int64})
            ),
        )

    def _advance(self, mark: Content) -> None:
        """Move the idle clock; it stands still while we catch up."""
        if not isinstance(mark, Mark):
            return
        self._marked_ms = mark.received_up_to_ms
        self._received_ms = max(self._received_ms, mark.received_up_to_ms)
        if not mark.caught_up:
            self._caught_up_since_ms = None
        else:
            if self._caught_up_since_ms is None:
                self._caught_up_since_ms = mark.received_up_to_ms
            for lane in self._manned:
                self._found.changes += lane.advance(mark, self._caught_up_since_ms)
        # Only at marks, which divide the stream alike however the entries are divided into calls.
        for lane in self._manned:
            lane.settle()
        for lane in self._manned:
            self._found.changes += lane.release(mark)

    @property
    def next_silence_ms(self) -> int | None:
        """The received time before which nobody can become silent; None while that cannot happen at all."""
        if self._caught_up_since_ms is None:
            return None
        dues = [lane.silences.next_due_ms for lane in self._manned]
        return min((due for due in dues if due is not None), default=None)

    def _readable(self, entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
        """Entries in parts that may be read as one: before each, whoever is silent by then is found to be.

        So it does not matter where exactly marks stand: who speaks again was silent if that was due before.
        """
        together: list[Entry] = []
        for entry in entries:
            received_ms = _received_ms(entry.content)
            if received_ms is not None and self._may_fall_silent_before(received_ms):
                if together:
                    yield together
                    together = []
                self._fall_silent(received_ms - 1)
            together.append(entry)
        if together:
            yield together

    def _may_fall_silent_before(self, received_ms: int) -> bool:
        """Whether silence can be due before a moment up to which, as marks say, nothing went past us."""
        due_ms = self.next_silence_ms
        return due_ms is not None and due_ms < received_ms <= self._marked_ms + _MARKS_WITHIN_MS

    def _fall_silent(self, received_up_to_ms: int) -> None:
        if self._caught_up_since_ms is None:
            return
        self._received_ms = max(self._received_ms, received_up_to_ms)
        for lane in self._manned:
            self._found.changes += lane.fall_silent(received_up_to_ms, self._caught_up_since_ms)

    def take_changes(self) -> tuple[Change, ...]:
        """Everything found since the last call, without a state to go on from: for a backtest."""
        found, self._found = self._found, _Found()
        for lane in self._lanes.values():
            lane.touched.clear()
        return tuple(found.changes)

    def _read(self, entries: Sequence[Entry]) -> None:
        """Entries between two marks: batches of a kind are read as one."""
        readings: dict[str, list[pl.DataFrame]] = {}
        events: list[pl.DataFrame] = []
        for entry in entries:
            match entry.content:
                case ReadingBatch() as batch:
                    readings.setdefault(batch.kind, []).append(batch.frame)
                case EventBatch() as batch:
                    events.append(batch.frame)
                case StatusBatch() as batch:
                    self._found.statuses.append(batch.frame)
                case DeadLetterBatch() as batch:
                    number = pl.lit(entry.number, pl.Int64).alias("entry")
                    self._found.dead_letters.append(batch.frame.with_columns(number))
        # Passages first: readings count them, and the order of those that come together must not matter.
        if events:
            self._see(_concat(events, events[0]))
        for kind, frames in readings.items():
            frame = _concat(frames, frames[0])
            self._note_received(frame)
            self._found.readings.setdefault(kind, []).append(frame)
            self._found.changes += self._lanes[kind].read(frame, self._received_ms)

    def _see(self, events: pl.DataFrame) -> None:
        self._note_received(events)
        for kind in events["kind"].unique(maintain_order=True):
            if kind in self._lanes:
                own = events.filter(pl.col("kind") == kind)
                self._found.changes += self._lanes[kind].see(own, self._received_ms)

    def _note_received(self, frame: pl.DataFrame) -> None:
        newest = frame["received_at"].to_physical().max()
        if isinstance(newest, int):
            self._received_ms = max(self._received_ms, newest)


def _asked(rules: Iterable[Rule]) -> Mapping[str, Mapping[str, Node]]:
    """What devices of each kind are asked by rules about others, by the column of the answer."""
    found: dict[str, dict[str, Node]] = {}
    for rule in rules:
        for kind_id, pattern in rule.patterns.items():
            expressions = pattern.expressions if isinstance(pattern, Lasting) else ()
            for call in (call for expression in expressions for call in expression.relations):
                # A question about silence alone needs an answer too, or nobody would note when they spoke.
                column, about = call.asked or "told:", call.about or Literal(value=True, column=1)
                found.setdefault(related_kind(call, kind_id) or "", {})[column] = about
    return found


class _Found:
    """What waits to be taken."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.readings: dict[str, list[pl.DataFrame]] = {}
        self.statuses: list[pl.DataFrame] = []
        self.dead_letters: list[pl.DataFrame] = []

    def latest(self) -> list[ReadingBatch]:
        """The newest reading of each device, by measured time; of equals the one that came last."""
        return [
            ReadingBatch(
                kind, _concat(frames, frames[0]).sort("measured_at", maintain_order=True).unique(
                    "device", keep="last", maintain_order=True
                )
            )
            for kind, frames in self.readings.items()
        ]  # fmt: skip


def _received_ms(content: Content) -> int | None:
    """When the first row of readings or events was received; None for anything else, and for nothing."""
    if not isinstance(content, ReadingBatch | EventBatch) or content.frame.is_empty():
        return None
    first: int = content.frame["received_at"].to_physical()[0]
    return first


def _concat(frames: Sequence[pl.DataFrame], empty: pl.DataFrame) -> pl.DataFrame:
    if not frames:
        return empty
    return frames[0] if len(frames) == 1 else pl.concat(frames)
