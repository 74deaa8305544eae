"""Makers of what detection hands over, with defaults that no test depends on."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from devices.batch import DEAD_LETTER_SCHEMA, STATUS_SCHEMA, TIME, ReadingBatch, reading_schema
from devices.description import Label
from devices.stream import Position
from rules.detection.outcome import Change, Outcome, Snapshot
from rules.faults import FaultCleared, FaultRaised, Severity, fault_id
from rules.violations import ViolationSuspected, violation_id

JOURNAL = "journal-1"
LAMP = "TK-L-0001"
CAMERA = "TK-T-001"
PLATE = "92A-123.45"


def outcome(
    *changes: Change,
    number: int = 1,
    journal: str = JOURNAL,
    states: Mapping[str, bytes] | None = None,
    latest: Sequence[ReadingBatch] = (),
    statuses: pl.DataFrame | None = None,
    dead_letters: pl.DataFrame | None = None,
) -> Outcome:
    snapshot = Snapshot(Position(journal, number), states or {}, b"engine")
    return Outcome(
        snapshot,
        changes,
        latest,
        statuses if statuses is not None else pl.DataFrame(schema=STATUS_SCHEMA),
        dead_letters if dead_letters is not None else letters(),
    )


def raised(device: str = LAMP, *, since_ms: int = 1_000, **others: Any) -> FaultRaised:
    rule = others.get("rule", "lamp.out")
    values: dict[str, Any] = {
        "id": fault_id(rule, device, since_ms),
        "rule": rule,
        "rule_version": 3,
        "title": Label(vi="Đèn không sáng", en="Lamp out"),
        "device": device,
        "kind": "streetlight",
        "area": "tam-ky",
        "severity": Severity.MINOR,
        "since_ms": since_ms,
        "raised_at_ms": since_ms + 300,
        "detected_at_ms": since_ms + 301,
        "why": {"expression": "m.power_w < 6", "values": [{"power_w": 0.0}]},
    }
    return FaultRaised(**(values | others))


def cleared(fault: FaultRaised, *, at_ms: int = 9_000) -> FaultCleared:
    return FaultCleared(
        id=fault.id,
        rule=fault.rule,
        device=fault.device,
        cleared_at_ms=at_ms,
        detected_at_ms=at_ms + 1,
        why={"values": [{"power_w": 55.0}]},
    )


def suspected(event: str = "passage-1", **others: Any) -> ViolationSuspected:
    values: dict[str, Any] = {
        "id": violation_id("cam.speeding", CAMERA, event, 0),
        "rule": "cam.speeding",
        "rule_version": 1,
        "type": "speeding",
        "title": Label(vi="Nghi vấn quá tốc độ", en="Suspected speeding"),
        "device": CAMERA,
        "area": "tam-ky",
        "event": event,
        "occurred_at_ms": 5_000,
        "detected_at_ms": 5_100,
        "lane": 1,
        "vehicle_class": "car",
        "plate": PLATE,
        "plate_confidence": 0.9,
        "measured": {"speed_kmh": 71.5, "limit_kmh": 50.0},
        "images": [{"role": "plate", "url": "https://images.test/92A12345.jpg", "sha256": None}],
        "why": {"vehicle": {"plate": PLATE}},
    }
    return ViolationSuspected(**(values | others))


def lamp_readings(*rows: Mapping[str, Any]) -> ReadingBatch:
    schema = reading_schema("streetlight")
    common = {"device": LAMP, "area": "tam-ky", "received_at": 0, "time_quality": "ok"}
    raw = {name: pl.Int64 if dtype == TIME else dtype for name, dtype in schema.items()}
    frame = pl.DataFrame([dict.fromkeys(schema) | common | dict(row) for row in rows], schema=raw)
    return ReadingBatch("streetlight", frame.cast({"measured_at": TIME, "received_at": TIME}))


def statuses(*rows: tuple[str, bool, int]) -> pl.DataFrame:
    """Statuses from (device, online, received_at in ms)."""
    data = [
        {"device": device, "area": "tam-ky", "kind": "streetlight", "online": online, "received_at": at_ms}
        for device, online, at_ms in rows
    ]
    raw = dict(STATUS_SCHEMA) | {"received_at": pl.Int64}
    return pl.DataFrame([row | {"retained": False} for row in data], schema=raw).cast({"received_at": TIME})


def letters(*rows: tuple[int, str, bytes]) -> pl.DataFrame:
    """Dead letters from (journal entry, reason, payload)."""
    data = [
        {
            "reason": reason,
            "detail": "it broke the rule",
            "topic": "ioc/v1/x",
            "payload": payload,
            "payload_bytes": len(payload),
            "received_at": 7_000,
            "entry": entry,
        }
        for entry, reason, payload in rows
    ]
    raw = dict(DEAD_LETTER_SCHEMA) | {"received_at": pl.Int64, "entry": pl.Int64}
    return pl.DataFrame(data, schema=raw).cast({"received_at": TIME})
