"""Event rules: each vehicle of an event judged once, without waiting and without state but what was seen."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from devices.batch import EVENT_SCHEMA
from devices.plates import compact
from rules.detection.context import Context, context_inputs
from rules.detection.explanation import why_suspected
from rules.detection.fleet import Fleet
from rules.expressions.compiler import clean
from rules.expressions.scope import column_of, sees_vehicles
from rules.rule import Happening, Rule
from rules.traffic.fines import fine_table
from rules.traffic.lanes import Lanes, is_fit
from rules.traffic.measurements import measurements
from rules.traffic.sections import SECTION, Sections
from rules.violations import ViolationSuspected, violation_id

__all__ = ["Happenings"]

_SEEN_KEPT = 500
"""Violations remembered for each device, to recognise repetitions."""

_PASSAGE = "passage"
_VEHICLE_TYPES: dict[str, Any] = {field.name: field.dtype for field in EVENT_SCHEMA["vehicles"].inner.fields}
_JUDGED: Mapping[str, Any] = _VEHICLE_TYPES | {
    name: EVENT_SCHEMA[name]
    for name in (
        "lane", "direction", "signal", "red_elapsed_s", "programme", "source", "phase", "result",
        "time_quality",
    )
}  # fmt: skip
_OF_LANES = {"e.excess_kmh": pl.Float64, "e.forbidden": pl.Boolean}
_OF_CAMERAS = (
    "d.limit_kmh", "d.mpe_kmh", "d.calibrated_from_ms", "d.calibrated_until_ms", "d.calibration_certificate",
)  # fmt: skip
_Watch = tuple[Rule, Happening]


class Happenings:
    """The event rules of one kind.

    `seen` holds for each device the violations found, as hashes with their time, so that a repeated event is
    the same violation. `without_evidence` counts those left out for want of pictures, `unfit` vehicles that
    were counted but not judged because the camera's calibration or clock was not good.
    """

    def __init__(self, rules: Iterable[Rule], fleet: Fleet, context: Context) -> None:
        self._watches: dict[str, list[_Watch]] = {}
        for rule in rules:
            pattern = rule.patterns.get(fleet.kind.id)
            if isinstance(pattern, Happening):
                self._watches.setdefault(pattern.event, []).append((rule, pattern))
        self._fleet = fleet
        self._context = context
        self._fines = fine_table()
        self._lanes = Lanes(context.dated, fleet, context.zone) if sees_vehicles(fleet.kind) else None
        self._sections = Sections(context.dated if SECTION in self._watches else (), fleet, context.zone)
        expressions = [e for own in self._watches.values() for _, p in own for e in p.expressions]
        self._calls = frozenset(call for expression in expressions for call in expression.context)
        names = {column_of(n) for e in expressions for n in e.names if n.root == "d"}
        wanted = names | context_inputs(self._calls) | {"in_service"}
        self._columns = sorted(wanted | (set(_OF_CAMERAS) if self._lanes is not None else set()))
        self.seen: dict[int, dict[str, int]] = {}
        self.without_evidence = 0
        self.unfit = 0

    def process(self, events: pl.DataFrame, now_ms: int) -> list[ViolationSuspected]:
        """The violations among numbered events of the kind, as columns of `EVENT_SCHEMA` with `row`."""
        found: list[ViolationSuspected] = []
        for event, watches in self._watches.items():
            vehicles = self._vehicles(events.filter(pl.col("type") == event))
            if vehicles is not None:
                found += self._judge(watches, vehicles, now_ms)
        if self._sections:
            passages = self._vehicles(events.filter(pl.col("type") == _PASSAGE))
            if passages is not None:
                found += self._judge(self._watches[SECTION], self._sections.see(passages), now_ms)
        return found

    def _vehicles(self, events: pl.DataFrame) -> pl.DataFrame | None:
        """The vehicles that may be judged, with what is asked about each; None where there are none."""
        vehicles = _exploded(events)
        if vehicles.height == 0:
            return None
        frame = vehicles.hstack(self._fleet.columns.select(self._columns)[vehicles["row"]])
        frame = frame.filter("in_service")
        if self._lanes is None:
            frame = frame.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in _OF_LANES.items())
        else:
            told = self._lanes.add(frame.with_row_index())
            frame = told.filter(is_fit())
            self.unfit += told.height - frame.height
        return self._context.add(frame, self._calls) if frame.height else None

    def _judge(
        self, watches: Sequence[_Watch], vehicles: pl.DataFrame, now_ms: int
    ) -> Iterator[ViolationSuspected]:
        if vehicles.height == 0:
            return
        for rule, pattern in watches:
            key = pl.lit(None, pl.String) if pattern.key is None else pattern.key.compiled
            suspected = vehicles.filter(pattern.when.compiled).with_columns(key.alias("key"))
            for row in suspected.iter_rows(named=True):
                violation = self._suspicion(rule, pattern, row, now_ms)
                if violation is not None:
                    yield violation

    def _suspicion(
        self, rule: Rule, pattern: Happening, row: Mapping[str, Any], now_ms: int
    ) -> ViolationSuspected | None:
        """The violation of one vehicle, unless it proves nothing or is known already."""
        if not pattern.is_proven_by(row["images"] or ()):
            self.without_evidence += 1
            return None
        device = self._fleet.devices[row["row"]]
        identity = violation_id(rule.id, device.id, row["id"], row["vehicle"])
        if self._is_known(row["row"], identity, row["ts"], 0) or (
            row["key"] is not None
            and self._is_known(row["row"], _hashed(rule.id, row["key"]), row["ts"], pattern.within_ms)
        ):
            return None
        notes = {"time_quality": row["e.time_quality"], "received_at_ms": row["rx"]}
        return ViolationSuspected(
            id=identity,
            rule=rule.id,
            rule_version=rule.version,
            type=pattern.violation,
            title=rule.title,
            device=device.id,
            area=device.area,
            event=row["id"],
            occurred_at_ms=row["ts"],
            detected_at_ms=now_ms,
            lane=row["lane"],
            vehicle_class=row["vehicle_class"],
            plate=row["plate"],
            plate_confidence=row["plate_confidence"],
            measured=measurements(pattern.violation, row, self._fines, self._context.zone),
            images=row["images"] or [],
            why=why_suspected(rule, pattern.when, row, notes),
        )

    def _is_known(self, row: int, identity: str, ts_ms: int, within_ms: int) -> bool:
        """Whether the same was found on the device within some time, in either direction; remembers it."""
        seen = self.seen.setdefault(row, {})
        before = seen.get(identity)
        if before is not None and abs(ts_ms - before) <= within_ms:
            return True
        seen[identity] = ts_ms
        if len(seen) > _SEEN_KEPT:
            del seen[next(iter(seen))]
        return False


def _hashed(rule_id: str, key: str) -> str:
    """A key as it is remembered, however its plate is separated: plates themselves stay out of the state."""
    return hashlib.blake2b(f"{rule_id}|{compact(key)}".encode(), digest_size=12).hexdigest()


def _exploded(events: pl.DataFrame) -> pl.DataFrame:
    """One row for each vehicle with its index, and the columns that expressions call `e.…`."""
    several = events.filter(pl.col("vehicles").list.len() > 0)
    exploded = (
        several.with_columns(pl.int_ranges(pl.col("vehicles").list.len()).alias("vehicle"))
        .explode("vehicle", "vehicles")
        .unnest("vehicles")
    )
    return exploded.with_columns(clean(name, dtype).alias(f"e.{name}") for name, dtype in _JUDGED.items())
