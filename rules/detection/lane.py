"""Detection for one kind of device: order, conditions, silences and events, and their state together."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import numpy as np
import polars as pl

from devices.batch import READING_COLUMNS, reading_schema
from devices.clock import milliseconds
from devices.stream import Mark
from rules.detection.conditions import Conditions
from rules.detection.context import Context
from rules.detection.explanation import why_retired
from rules.detection.flapping import Flapping
from rules.detection.fleet import Fleet
from rules.detection.happenings import Happenings
from rules.detection.heads import Heads
from rules.detection.kin import Kin
from rules.detection.machine import Phase, under_new_version
from rules.detection.ordering import HEAD_TYPES, Ordering
from rules.detection.outcome import Change
from rules.detection.past import NEVER, Ints
from rules.detection.silences import Silences
from rules.detection.state import DeviceState
from rules.expressions.scope import related_kind
from rules.expressions.syntax import Node
from rules.faults import FaultCleared, fault_id
from rules.flap import flapping_rule
from rules.rule import Rule

__all__ = ["Lane", "retired"]


class Lane:
    """Everything about the devices of one kind.

    `touched` collects the row numbers whose state changed since it was last emptied.
    """

    def __init__(
        self, fleet: Fleet, rules: Iterable[Rule], context: Context, asked: Mapping[str, Node] | None = None
    ) -> None:
        own = tuple(rules)
        self.fleet = fleet
        self.conditions = Conditions(own, fleet, context, asked)
        self.silences = Silences(own, fleet)
        self.happenings = Happenings(own, fleet, context)
        self.flapping = Flapping(own, fleet)
        types = HEAD_TYPES | self.conditions.head_types | self.silences.head_types
        self._phases = [name for name in types if name.startswith("phase:")]
        self._stored = [*HEAD_TYPES, *(name for name in types if name.startswith("prev."))]
        self._heads = Heads(len(fleet), types, dict.fromkeys(self._phases, 0))
        # A kind has forty fields of which its rules read ten; the others would be carried along for nothing.
        kept = READING_COLUMNS.keys() | self.conditions.fields
        self._schema = {name: t for name, t in reading_schema(fleet.kind.id).items() if name in kept}
        self.ordering = Ordering(fleet, self._heads, self._schema)
        self.touched: set[int] = set()
        self._kin: list[tuple[Kin, Lane]] = []
        self._versions = {rule.id: rule.version for rule in own}

    @property
    def active(self) -> int:
        """How many faults are active."""
        pairs = (pair for pairs in self.conditions.pairs.values() for pair in pairs.values())
        silent = sum(len(devices) for devices in self.silences.silent.values())
        return sum(pair.phase >= Phase.ACTIVE for pair in pairs) + silent

    def read(self, frame: pl.DataFrame, now_ms: int) -> list[Change]:
        """What a batch of readings changes."""
        # Entries of a backlog come as pieces, which every operation would go through one by one.
        batch = self.ordering.numbered(frame.select(*self._schema).rechunk())
        if batch.height == 0:
            return []
        self.touched.update(batch["row"].to_list())
        return self._apply(self.ordering.receive(batch), now_ms)

    def see(self, frame: pl.DataFrame, now_ms: int) -> list[Change]:
        """What a batch of events of this kind changes."""
        events = self.fleet.numbered(frame)
        found = self.happenings.process(events, now_ms)
        if self.conditions.windows.follows_passages:
            self.conditions.windows.note(events)
            self.touched.update(events["row"].to_list())
        self.touched.update(
            row for violation in found if (row := self.fleet.row_of(violation.device)) is not None
        )
        return list(found)

    def advance(self, mark: Mark, caught_up_since_ms: int) -> list[Change]:
        """What the idle clock changes: readings that waited in vain, and devices that are silent."""
        changes: list[Change] = []
        released = self.ordering.advance(mark.received_up_to_ms)
        if released is not None:
            changes += self._apply(released, mark.received_up_to_ms)
            self.touched.update(released["row"].to_list())
        return [*changes, *self.fall_silent(mark.received_up_to_ms, caught_up_since_ms)]

    def fall_silent(self, received_up_to_ms: int, caught_up_since_ms: int) -> list[Change]:
        """What is silent now that everything received up to a moment is known."""
        silent = self.silences.advance(received_up_to_ms, caught_up_since_ms, self._heads)
        self.touched.update(row for fault in silent if (row := self.fleet.row_of(fault.device)) is not None)
        return [*silent, *self.flapping.observe_silent(silent, received_up_to_ms)]

    def settle(self) -> None:
        """A mark has come: what was told is known now, and what lies too far back is forgotten."""
        self.conditions.telling.settle()
        self.touched.update(self.conditions.windows.settle().tolist())

    def relate(self, lanes: Mapping[str, "Lane"]) -> None:
        """Find the devices of which rules ask; before the first reading."""
        for call in sorted(self.conditions.relations, key=lambda call: call.column):
            lane = lanes[related_kind(call, self.fleet.kind.id) or ""]
            self._kin.append((Kin(call, self.fleet, lane.fleet, lane.conditions.telling), lane))

    def complete_until(self, mark: Mark) -> Ints:
        """Up to when everything is known that a device said, for each of them; epoch ms."""
        heads = self._heads.whole(["max_ts", "last_ts", "lag"])
        lateness_ms = milliseconds(self.fleet.kind.lateness_s)
        known = [pl.col("last_ts") - 1, pl.col("max_ts") - lateness_ms]
        if mark.caught_up:
            known.append(mark.received_up_to_ms - lateness_ms - pl.col("lag").fill_null(0))
        until = heads.select(pl.max_horizontal(known).fill_null(NEVER)).to_series()
        found: Ints = until.to_numpy()
        return found

    def release(self, mark: Mark) -> list[Change]:
        """What readings change that waited for other devices, once those are complete up to them."""
        if not self.conditions.deferred.has_any:
            return []
        others = {id(lane): lane.complete_until(mark) for _, lane in self._kin}
        until = np.minimum.reduce([kin.complete_until(others[id(lane)]) for kin, lane in self._kin])
        kin = [kin for kin, _ in self._kin]
        judged, found = self.conditions.release(until, kin, self._heads, mark.received_up_to_ms)
        self.touched.update(judged["row"].to_list())
        flapping = self.flapping.observe(judged, found, self.conditions.related, mark.received_up_to_ms)
        return [*found, *flapping]

    def _apply(self, ready: pl.DataFrame, now_ms: int) -> list[Change]:
        if ready.height == 0:
            return []
        heard = self.silences.hear(ready, now_ms, self._heads)
        changes = [*heard, *self.conditions.apply(ready, self._heads, now_ms)]
        related = self.conditions.related
        if not related or not self.flapping.is_used:
            return [*changes, *self.flapping.observe(ready, changes, None, now_ms)]
        # What waits for other devices is judged, and counted as a state, when they have spoken.
        alone = self.flapping.observe(ready, changes, self.flapping.rules - related, now_ms)
        decided = ready.filter(~pl.col("row").is_in(self.conditions.deferred.rows.implode()))
        return [*changes, *alone, *self.flapping.observe(decided, (), related, now_ms)]

    def take_states(self) -> dict[str, DeviceState]:
        """The states of the devices touched, by device id; forgets that they were."""
        rows = pl.Series("row", sorted(self.touched), dtype=pl.UInt32)
        self.touched.clear()
        waiting = self._waiting_of(rows)
        told = self.conditions.telling.take(rows.to_list())
        deferred = self.conditions.deferred.waiting_of(rows.to_list())
        heads = self._heads.read(rows, self._stored)
        all_pairs = self.conditions.pairs
        return {
            self.fleet.devices[row].id: DeviceState(
                heads={name: value for name, value in values.items() if value is not None},
                waiting=waiting.get(row, []),
                pairs={rule: pairs[row] for rule, pairs in all_pairs.items() if row in pairs},
                versions={rule: self._versions[rule] for rule, pairs in all_pairs.items() if row in pairs},
                silent={rule: silent[row] for rule, silent in self.silences.silent.items() if row in silent},
                seen=self.happenings.seen.get(row, {}),
                past=self.conditions.windows.take(row),
                usual=self.conditions.usual.take(row),
                told=told.get(row, {}),
                passages=self.conditions.windows.take_passages(row),
                deferred=deferred.get(row, []),
                flaps=dict(self.flapping.states_of(row)),
            )
            for row, values in zip(rows, heads.iter_rows(named=True), strict=True)
        }

    def _waiting_of(self, rows: pl.Series) -> dict[int, list[dict[str, Any]]]:
        """The waiting readings of some devices, without what is null; times as epoch ms."""
        frame = self.ordering.waiting
        if frame.height == 0:
            return {}
        own = frame.filter(pl.col("row").is_in(rows.implode())).with_columns(
            pl.col("measured_at", "received_at").to_physical(), pl.col("time_quality").cast(pl.String)
        )
        found: dict[int, list[dict[str, Any]]] = {}
        for row, values in zip(
            own["row"], own.select(self._schema.keys()).iter_rows(named=True), strict=True
        ):
            found.setdefault(row, []).append({name: v for name, v in values.items() if v is not None})
        return found

    def restore(self, states: Mapping[str, DeviceState]) -> list[Change]:
        """Put back the states of devices of this kind; gives the faults that nothing watches any more."""
        rows = [row for device in states if (row := self.fleet.row_of(device)) is not None]
        listed = list(states.values())
        for name in self._stored:
            self._heads.write(rows, {name: [state.heads.get(name) for state in listed]})
        changes: list[Change] = []
        for row, state in zip(rows, listed, strict=True):
            changes += self._restore_one(row, state)
        self.conditions.telling.put({row: state.told for row, state in zip(rows, listed, strict=True)})
        self.conditions.deferred.put({row: state.deferred for row, state in zip(rows, listed, strict=True)})
        self._restore_waiting(listed)
        return changes

    def _restore_one(self, row: int, state: DeviceState) -> list[FaultCleared]:
        if state.seen:
            self.happenings.seen[row] = state.seen
        self.conditions.windows.put(row, state.past)
        self.conditions.usual.put(row, state.usual)
        self.conditions.windows.put_passages(row, state.passages)
        if not self.fleet.columns["in_service"][row]:
            return self._end(row, state, frozenset(), "the device is no longer in service")
        for rule, pair in state.pairs.items():
            if rule in self.conditions.pairs:
                own = (
                    pair
                    if state.versions.get(rule, self._versions[rule]) == self._versions[rule]
                    else under_new_version(pair)
                )
                if own is not None:
                    self.conditions.restore(rule, row, own, self._heads)
        for rule, silent in state.silent.items():
            if rule in self.silences.silent:
                self.silences.restore(rule, row, silent, self._heads)
        self.flapping.restore(row, state.flaps)
        kept = self.conditions.pairs.keys() | self.silences.silent.keys()
        kept |= {flapping_rule(rule) for rule in state.flaps if self.flapping.watches(rule)}
        return self._end(row, state, kept, "the rule no longer watches the device")

    def _end(self, row: int, state: DeviceState, kept: AbstractSet[str], reason: str) -> list[FaultCleared]:
        ended = retired(self.fleet.devices[row].id, state, kept, reason)
        if ended:
            self.touched.add(row)
        return ended

    def _restore_waiting(self, states: list[DeviceState]) -> None:
        readings = [reading for state in states for reading in state.waiting]
        if not readings:
            return
        times = {"measured_at": pl.Int64, "received_at": pl.Int64, "time_quality": pl.String}
        known = [{name: reading.get(name) for name in self._schema} for reading in readings]
        raw = pl.DataFrame(known, schema=self._schema | times)
        frame = raw.cast({name: self._schema[name] for name in times})
        self.ordering.waiting = self.ordering.numbered(frame).select(self.ordering.waiting.columns)


def retired(device: str, state: DeviceState, kept: AbstractSet[str], reason: str) -> list[FaultCleared]:
    """The ends of a device's active faults whose rules are not among those kept."""
    since = {rule: pair.since_ms for rule, pair in state.pairs.items() if pair.phase >= Phase.ACTIVE}
    since |= {rule: silent.since_ms for rule, silent in state.silent.items()}
    since |= {flapping_rule(rule): f.since_ms for rule, f in state.flaps.items() if f.since_ms is not None}
    last_ms = state.heads.get("max_ts", 0)
    return [
        FaultCleared(
            id=fault_id(rule, device, since_ms),
            rule=rule,
            device=device,
            cleared_at_ms=max(last_ms, since_ms),
            detected_at_ms=max(last_ms, since_ms),
            why=why_retired(rule, reason),
        )
        for rule, since_ms in since.items()
        if rule not in kept
    ]
