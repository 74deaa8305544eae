"""Records that a store refused for good: told apart by a column, and turned into dead letters."""

from typing import Any

import msgspec
import polars as pl

from devices.batch import READING_COLUMNS, TIME, dead_letter_frame
from devices.errors import Rejected, Rejection
from devices.messages import RawMessage
from devices.topics import Channel, native_topic

__all__ = ["REFUSAL", "refused_events", "refused_readings"]

REFUSAL = "refusal"
"""The column of a frame of refused rows that says why, without any value of the row."""

_OURS = frozenset({*READING_COLUMNS, "kind", "id", "type", REFUSAL, "key"})


def refused_readings(kind: str, frame: pl.DataFrame, sample_bytes: int) -> pl.DataFrame:
    """Dead letters for refused readings of a kind; their payloads are native JSON that can be sent again."""
    rows = [(kind, Channel.TELEMETRY, row, _members(row)) for row in frame.iter_rows(named=True)]
    return _letters(rows, sample_bytes)


def refused_events(frame: pl.DataFrame, sample_bytes: int) -> pl.DataFrame:
    """Dead letters for refused events; their payloads are native JSON that can be sent again."""
    rows = [
        (row["kind"], Channel.EVENT, row, {"id": row["id"], "type": row["type"]} | _members(row))
        for row in frame.with_columns(_vehicles_as_sent(frame)).iter_rows(named=True)
    ]
    return _letters(rows, sample_bytes)


def _vehicles_as_sent(frame: pl.DataFrame) -> pl.Expr:
    """Vehicles with the names that a payload has."""
    members = frame.schema["vehicles"].inner.to_schema()  # type: ignore[attr-defined]
    renamed = [
        pl.element().struct.field(name).alias("class" if name == "vehicle_class" else name)
        for name in members
    ]
    return pl.col("vehicles").list.eval(pl.struct(renamed))


def _members(row: dict[str, Any]) -> dict[str, Any]:
    """What the device said, as far as the row still has it."""
    said = {"ts": row.get("device_time"), "seq": row.get("seq")}
    said |= {name: _without_nulls(value) for name, value in row.items() if name not in _OURS}
    return {name: value for name, value in said.items() if value is not None}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_nulls(item) for item in value] or None
    if isinstance(value, dict):
        return {name: member for name, member in value.items() if member is not None}
    return value


def _letters(
    rows: list[tuple[str, Channel, dict[str, Any], dict[str, Any]]], sample_bytes: int
) -> pl.DataFrame:
    rejected = [
        (
            RawMessage(native_topic(row["area"], kind, row["device"], channel), msgspec.json.encode(members)),
            Rejected(Rejection.STORE_REFUSED, row[REFUSAL]),
        )
        for kind, channel, row, members in rows
    ]
    received = pl.Series("received_at", [row["received_at"] for _, _, row, _ in rows], dtype=TIME)
    return dead_letter_frame(rejected, 0, sample_bytes).with_columns(received)
