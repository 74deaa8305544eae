"""Readings, entries and rules for tests of the engine, and the histories it makes of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import polars as pl

from devices.batch import EVENT_SCHEMA, TIME, ReadingBatch, reading_schema
from devices.cities import load_city
from devices.description import Label
from devices.plans import Programme
from devices.registry import Device, Registry
from devices.stream import Content, Entry, EventBatch
from rules.detection.engine import Engine
from rules.detection.outcome import Change, Snapshot
from rules.expressions.expression import condition
from rules.faults import FaultCleared, FaultRaised, Severity
from rules.rule import Lasting, Missing, Pattern, Rule, Silence

START_MS = 1_795_000_200_000  # 2026-11-18 14:30 in Tam Kỳ
MINUTE_MS = 60_000
LATENESS_MS = 120_000  # of a streetlight
CITY = load_city("tam-ky")
JOURNAL = "journal"


def lamp(device_id: str = "lamp-1", **changed: Any) -> Device:
    """A lamp of 60 W that reports every minute."""
    plain: dict[str, Any] = {"area": "tam-ky", "interval_s": 60.0, "attributes": {"rated_w": 60.0}}
    return Device(id=device_id, kind="streetlight", **(plain | changed))


def rule(rule_id: str, pattern: Pattern, *kind_ids: str) -> Rule:
    """A rule of one pattern, for streetlights unless other kinds are named."""
    return Rule(
        id=rule_id,
        version=1,
        title=Label(vi=rule_id, en=rule_id),
        severity=Severity.MINOR,
        patterns=MappingProxyType(dict.fromkeys(kind_ids or ("streetlight",), pattern)),
    )


def dark(for_min: float = 0, **changed: Any) -> Lasting:
    """Commanded on and without power, for some minutes."""
    when = condition("m.cmd_on && m.power_w < 0.10 * d.rated_w", "streetlight")
    return Lasting(when=when, for_ms=round(for_min * MINUTE_MS), **changed)


DARK = rule("lamp.dark", dark())
SILENT = rule("lamp.silent", Silence(tolerate=3, jitter_ms=10_000))
SPREAD = (
    rule("spread.keep", dark(3, min_samples=3, clear_for_ms=2 * MINUTE_MS)),
    rule(
        "spread.clear",
        dark(2, missing=Missing.CLEAR, clear_when=condition("m.power_w > 0.25 * d.rated_w", "streetlight")),
    ),
    rule("spread.unknown", dark(1, missing=Missing.UNKNOWN, clear_for_ms=MINUTE_MS)),
    rule("spread.before", Lasting(when=condition("m.power_w < prev.power_w", "streetlight"))),
    rule(
        "spread.past",
        Lasting(
            when=condition("avg(m.power_w, '3m') < 20 && count(m.cmd_on, '5m') >= 2", "streetlight"),
            clear_when=condition("min(m.power_w, '2m') > 5 || rate(m.power_w, '3m') > 0.1", "streetlight"),
        ),
    ),
)
"""Rules that differ in everything that the order of readings could disturb."""


@dataclass(frozen=True)
class Told:
    """One reading: when it was measured and received, in ms after the start, and what it says."""

    at_ms: int
    seq: int | None = None
    received_ms: int | None = None
    device: str = "lamp-1"
    values: Mapping[str, Any] = field(default_factory=dict)


def told(
    minute: float, seq: int | None = None, *, power: float | None = 60.0, on: bool | None = True, **more: Any
) -> Told:
    """A lamp's reading at a minute after the start."""
    return Told(round(minute * MINUTE_MS), seq, values={"power_w": power, "cmd_on": on}, **more)


def batch(readings: Sequence[Told], kind_id: str = "streetlight") -> ReadingBatch:
    """Readings as a batch; received half a second after they were measured unless they say when."""
    schema = dict(reading_schema(kind_id))
    rows = [
        dict.fromkeys(schema)
        | {
            "device": reading.device,
            "area": "tam-ky",
            "measured_at": START_MS + reading.at_ms,
            "received_at": START_MS
            + (reading.at_ms + 500 if reading.received_ms is None else reading.received_ms),
            "device_time": START_MS + reading.at_ms,
            "seq": reading.seq,
            "time_quality": "ok",
        }
        | dict(reading.values)
        for reading in readings
    ]
    raw = {name: pl.Int64 if dtype == TIME else dtype for name, dtype in schema.items()}
    frame = pl.DataFrame(rows, schema=raw).cast({"measured_at": TIME, "received_at": TIME})
    return ReadingBatch(kind_id, frame)


def passage(
    event_id: str, at_ms: int, vehicles: Sequence[Mapping[str, Any]], device: str = "camera-1"
) -> EventBatch:
    """A passage with two pictures."""
    members = [member.name for member in EVENT_SCHEMA["vehicles"].inner.fields]
    row = dict.fromkeys(EVENT_SCHEMA) | {
        "id": event_id, "device": device, "area": "tam-ky", "kind": "traffic-camera", "type": "passage",
        "measured_at": START_MS + at_ms, "received_at": START_MS + at_ms + 500, "lane": 2,
        "time_quality": "ok",
        "vehicles": [dict.fromkeys(members) | dict(vehicle) for vehicle in vehicles],
        "images": [{"role": "plate", "url": f"cam/{n}.jpg", "sha256": None} for n in range(2)],
    }  # fmt: skip
    raw = {name: pl.Int64 if dtype == TIME else dtype for name, dtype in EVENT_SCHEMA.items()}
    return EventBatch(pl.DataFrame([row], schema=raw).cast({"measured_at": TIME, "received_at": TIME}))


class Bench:
    """An engine with a journal before it and a store behind it, that can be restarted."""

    def __init__(
        self,
        rules: Iterable[Rule],
        devices: Iterable[Device] | None = None,
        dated: Iterable[Programme] = (),
    ) -> None:
        self.rules = tuple(rules)
        self.registry = Registry(devices or [lamp()])
        self.dated = tuple(dated)
        self.engine = Engine(self.rules, self.registry, self.dated, CITY)
        self.changes: list[Change] = []
        self._number = 0
        self.snapshot = Snapshot(None)

    def feed(self, *contents: Content) -> list[Change]:
        """Append contents to the journal in one go, and give what they changed."""
        entries = [Entry(self._number + offset, content) for offset, content in enumerate(contents, 1)]
        self._number += len(entries)
        self.engine.process(entries)
        return self.commit()

    def commit(self) -> list[Change]:
        outcome = self.engine.take_outcome(JOURNAL)
        blobs = dict(self.snapshot.devices) | dict(outcome.snapshot.devices)
        self.snapshot = Snapshot(outcome.snapshot.position, blobs, outcome.snapshot.engine)
        self.changes += outcome.changes
        return list(outcome.changes)

    def restart(
        self, rules: Iterable[Rule] | None = None, devices: Iterable[Device] | None = None
    ) -> list[Change]:
        """A new engine from what is stored, and what the restart changed."""
        registry = self.registry if devices is None else Registry(devices)
        self.engine = Engine(self.rules if rules is None else rules, registry, self.dated, CITY)
        self.engine.restore(self.snapshot)
        return self.commit()


History = dict[tuple[str, str, int], tuple[int, int | None]]
"""Of each fault (rule, device, since) when it was raised and cleared, in ms after the start."""


def history(changes: Iterable[Change]) -> History:
    """The faults in a sequence of changes, which must open and close by turns."""
    found: History = {}
    active: dict[tuple[str, str], FaultRaised] = {}
    for change in changes:
        if isinstance(change, FaultRaised):
            pair = change.rule, change.device
            assert pair not in active, "a second active fault of one rule and device"
            active[pair] = change
            found[(*pair, change.since_ms - START_MS)] = change.raised_at_ms - START_MS, None
        elif isinstance(change, FaultCleared):
            raised = active.pop((change.rule, change.device))
            assert raised.id == change.id, "the end of a fault that was not active"
            key = change.rule, change.device, raised.since_ms - START_MS
            found[key] = found[key][0], change.cleared_at_ms - START_MS
    return found
