"""Event rules: each vehicle of a passage judged once, without waiting and without state but what was seen."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from devices.batch import EVENT_SCHEMA
from rules.detection.context import Context, context_inputs
from rules.detection.explanation import why_suspected
from rules.detection.fleet import Fleet
from rules.expressions.compiler import clean
from rules.expressions.scope import column_of
from rules.rule import Happening, Rule
from rules.violations import ViolationSuspected, violation_id

__all__ = ["Happenings"]

_SEEN_KEPT = 500
"""Violations remembered for each device, to recognise repetitions."""

_VEHICLE_TYPES: dict[str, Any] = {field.name: field.dtype for field in EVENT_SCHEMA["vehicles"].inner.fields}
_JUDGED: Mapping[str, Any] = _VEHICLE_TYPES | {
    name: EVENT_SCHEMA[name]
    for name in (
        "lane", "direction", "signal", "red_elapsed_s", "programme", "source", "phase", "result",
        "time_quality",
    )
}  # fmt: skip
_MEASURED = ("speed_kmh", "mpe_kmh", "limit_kmh")


class Happenings:
    """The event rules of one kind.

    `seen` holds for each device the violations found, as hashes with their time, so that a repeated event is
    the same violation. `without_evidence` counts those left out for want of pictures.
    """

    def __init__(self, rules: Iterable[Rule], fleet: Fleet, context: Context) -> None:
        patterns = ((rule, rule.patterns.get(fleet.kind.id)) for rule in rules)
        self._watches = [(rule, pattern) for rule, pattern in patterns if isinstance(pattern, Happening)]
        self._fleet = fleet
        self._context = context
        self.seen: dict[int, dict[str, int]] = {}
        self.without_evidence = 0

    def process(self, events: pl.DataFrame, now_ms: int) -> list[ViolationSuspected]:
        """The violations among numbered events of the kind, as columns of `EVENT_SCHEMA` with `row`."""
        found: list[ViolationSuspected] = []
        for rule, pattern in self._watches:
            vehicles = _vehicles(events.filter(pl.col("type") == pattern.event))
            if vehicles.height:
                found += self._judge(rule, pattern, vehicles, now_ms)
        return found

    def _judge(
        self, rule: Rule, pattern: Happening, vehicles: pl.DataFrame, now_ms: int
    ) -> list[ViolationSuspected]:
        calls = frozenset(call for expression in pattern.expressions for call in expression.context)
        names = [name for expression in pattern.expressions for name in expression.names]
        wanted = {column_of(name) for name in names if name.root == "d"} | context_inputs(calls)
        known = {f"d.{name}" for name in _MEASURED} & set(self._fleet.columns.columns)
        frame = vehicles.hstack(
            self._fleet.columns.select(sorted(wanted | known | {"in_service"}))[vehicles["row"]]
        )
        frame = self._context.add(frame.filter("in_service"), calls)
        key = pl.lit(None, pl.String) if pattern.key is None else pattern.key.compiled
        suspected = frame.with_columns(key.alias("key")).filter(pattern.when.compiled)
        found = (self._suspicion(rule, pattern, row, now_ms) for row in suspected.iter_rows(named=True))
        return [violation for violation in found if violation is not None]

    def _suspicion(
        self, rule: Rule, pattern: Happening, row: Mapping[str, Any], now_ms: int
    ) -> ViolationSuspected | None:
        """The violation of one vehicle, unless it proves nothing or is known already."""
        if len(row["images"] or ()) < pattern.min_images:
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
            measured=_measured(row),
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
    """A key as it is remembered: plates are personal data and stay out of the state."""
    return hashlib.blake2b(f"{rule_id}|{key}".encode(), digest_size=12).hexdigest()


def _vehicles(events: pl.DataFrame) -> pl.DataFrame:
    """One row for each vehicle with its index, and the columns that expressions call `e.…`."""
    several = events.filter(pl.col("vehicles").list.len() > 0)
    exploded = (
        several.with_columns(pl.int_ranges(pl.col("vehicles").list.len()).alias("vehicle"))
        .explode("vehicle", "vehicles")
        .unnest("vehicles")
    )
    return exploded.with_columns(clean(name, dtype).alias(f"e.{name}") for name, dtype in _JUDGED.items())


def _measured(row: Mapping[str, Any]) -> dict[str, float | None]:
    """Measured speed, the meter's error and the limit, in km/h, and what is left when both are taken off."""
    values = {"speed_kmh": row["e.speed_kmh"]} | {name: row.get(f"d.{name}") for name in _MEASURED[1:]}
    known = {name: value for name, value in values.items() if value is not None}
    if len(known) == len(_MEASURED):
        excess_kmh = known["speed_kmh"] - known["mpe_kmh"] - known["limit_kmh"]
        # Cameras report tenths; what binary fractions add behind them is no measurement.
        known["excess_kmh"] = round(excess_kmh, 3)
    return known
