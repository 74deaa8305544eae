"""The unit of work from the decoders on: records as polars columns, some thousand rows at most.

Reading batches have the columns of `reading_schema(kind)`; events of every kind share `EVENT_SCHEMA`.
Times are milliseconds UTC. Missing is null, never zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import accumulate
from types import NoneType
from typing import Any

import polars as pl
import pyarrow as pa
from msgspec.structs import astuple

from devices.catalogue import kinds
from devices.errors import Rejected
from devices.messages import Event, RawMessage, Reading, Status

__all__ = [
    "DEAD_LETTER_SCHEMA",
    "EARLIEST_MS",
    "EVENT_SCHEMA",
    "READING_COLUMNS",
    "STATUS_SCHEMA",
    "TIME",
    "ReadingBatch",
    "TimeQuality",
    "dead_letter_frame",
    "event_frame",
    "plausible_ms",
    "reading_frame",
    "reading_schema",
    "status_frame",
    "to_ms",
]


class TimeQuality(StrEnum):
    """What a row's `measured_at` is worth.

    `ok`: the device's own time. `bad`: the device's clock is wrong, the received time stands instead.
    `absent`: the device gave none, the received time stands instead.
    """

    OK = "ok"
    BAD = "bad"
    ABSENT = "absent"


TIME = pl.Datetime("ms", "UTC")
EARLIEST_MS = 946_684_800_000
"""2000-01-01T00:00Z. A device's time before it is that of a clock that was never set: as good as none."""

_BEGINNING_BYTES = 1_024
_HEAD_MEMBERS = 3
"""`ts`, `seq` and `device` stand before the fields in a reading's Struct."""
_PLAIN_TIMES = frozenset({int, NoneType})
_QUALITY = pl.Enum([quality.value for quality in TimeQuality])
_ALL_OK = pl.Series("time_quality", [TimeQuality.OK.value], dtype=_QUALITY)
_POLARS_TYPES: Mapping[str, Any] = {
    "float": pl.Float64,
    "int": pl.Int64,
    "bool": pl.Boolean,
    "text": pl.String,
}

READING_COLUMNS: Mapping[str, Any] = {
    "device": pl.String,
    "area": pl.String,
    "measured_at": TIME,
    "received_at": TIME,
    "device_time": pl.Int64,
    "seq": pl.Int64,
    "time_quality": _QUALITY,
}
"""What every reading batch begins with. `device_time` is the device's own raw time in epoch ms."""

EVENT_SCHEMA: Mapping[str, Any] = {
    "id": pl.String,
    "device": pl.String,
    "area": pl.String,
    "kind": pl.String,
    "type": pl.String,
    "measured_at": TIME,
    "received_at": TIME,
    "device_time": pl.Int64,
    "time_quality": _QUALITY,
    "lane": pl.Int64,
    "direction": pl.String,
    "signal": pl.String,
    "red_elapsed_s": pl.Float64,
    "vehicles": pl.List(
        pl.Struct(
            {
                "vehicle_class": pl.String,
                "plate": pl.String,
                "plate_confidence": pl.Float64,
                "plate_colour": pl.String,
                "colour": pl.String,
                "speed_kmh": pl.Float64,
                "helmet": pl.Boolean,
                "riders": pl.Int64,
            }
        )
    ),
    "images": pl.List(pl.Struct({"role": pl.String, "url": pl.String, "sha256": pl.String})),
    "programme": pl.String,
    "source": pl.String,
    "phase": pl.String,
    "result": pl.String,
    "detail": pl.String,
}

STATUS_SCHEMA: Mapping[str, Any] = {
    "device": pl.String,
    "area": pl.String,
    "kind": pl.String,
    "online": pl.Boolean,
    "retained": pl.Boolean,
    "received_at": TIME,
}

DEAD_LETTER_SCHEMA: Mapping[str, Any] = {
    "reason": pl.String,
    "detail": pl.String,
    "topic": pl.String,
    "payload": pl.Binary,
    "payload_bytes": pl.Int64,
    "received_at": TIME,
    "identity": pl.String,
}


@dataclass(frozen=True, slots=True)
class ReadingBatch:
    """Readings of one kind as columns."""

    kind: str
    frame: pl.DataFrame


@cache
def reading_schema(kind_id: str) -> Mapping[str, Any]:
    """Column types of a kind's reading batches: the common columns, then one for each field."""
    fields = {field.name: _POLARS_TYPES[field.value] for field in kinds()[kind_id].fields}
    return dict(READING_COLUMNS) | fields


def plausible_ms(moment: datetime | int | None) -> int | None:
    """A device's time as epoch milliseconds, None where there is none or its clock was never set."""
    at_ms = to_ms(moment)
    return None if at_ms is None or at_ms < EARLIEST_MS else at_ms


def to_ms(moment: datetime | int | None) -> int | None:
    """A device's time as epoch milliseconds, whichever way it was written; None stays None."""
    if moment is None or isinstance(moment, int):
        return moment
    # Integer arithmetic: float seconds would lose the last millisecond of far dates.
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def reading_frame(kind_id: str, readings: Sequence[Reading], received_at_ms: int) -> pl.DataFrame:
    """Readings of one kind as columns, `measured_at` being what the device said (null where it said none).

    Whether that time is any good is judged afterwards, over the column.
    """
    columns = list(zip(*map(astuple, [reading.payload for reading in readings]), strict=True))
    schema = reading_schema(kind_id)
    if not columns:
        return pl.DataFrame(schema=schema)
    device_time = pl.Series("device_time", _epoch_ms(columns[0]), pl.Int64)
    received_at = pl.Series("received_at", [received_at_ms], pl.Int64).cast(TIME)
    # Column by column, with the types said: a dictionary with a schema costs a third more.
    head = [
        pl.Series("device", [reading.device.id for reading in readings], pl.String),
        pl.Series("area", [reading.device.area for reading in readings], pl.String),
        device_time.cast(TIME).alias("measured_at"),
        received_at.new_from_index(0, len(readings)),
        device_time,
        pl.Series("seq", columns[1], pl.Int64),
        _ALL_OK.new_from_index(0, len(readings)),
    ]
    fields = list(schema)[len(head) :]
    named = zip(fields, columns[_HEAD_MEMBERS:], strict=True)
    return pl.DataFrame([*head, *(_field(name, column, schema[name]) for name, column in named)])


def _field(name: str, column: Sequence[Any], dtype: Any) -> pl.Series:
    """A field's column. Devices send a few of their kind's fields: most columns are found empty at once."""
    if column[0] is None and column.count(None) == len(column):
        known = _EMPTY[dtype]
        # A piece of what is there costs a tenth of a new one.
        empty = known.head(len(column)) if len(column) <= len(known) else known.new_from_index(0, len(column))
        return empty.alias(name)
    return pl.Series(name, column, dtype)


_EMPTY = {dtype: pl.Series([None] * 5_000, dtype=dtype) for dtype in set(_POLARS_TYPES.values())}


def _epoch_ms(times: Sequence[Any]) -> Sequence[int | None]:
    """Device times as epoch milliseconds; most devices write numbers, and then nothing is left to do."""
    return times if _PLAIN_TIMES.issuperset(map(type, times)) else [to_ms(moment) for moment in times]


def event_frame(events: Sequence[Event], received_at_ms: int) -> pl.DataFrame:
    """Events as columns, `measured_at` being what the device said (null where it said none)."""
    payloads = [event.payload for event in events]
    device_time = [to_ms(payload.ts) for payload in payloads]
    data: dict[str, Any] = {
        "device": [event.device.id for event in events],
        "area": [event.device.area for event in events],
        "kind": [event.device.kind for event in events],
        "measured_at": device_time,
        "received_at": [received_at_ms] * len(events),
        "device_time": device_time,
        "time_quality": [TimeQuality.OK.value] * len(events),
        "vehicles": _list_column("vehicles", [payload.vehicles for payload in payloads]),
        "images": _list_column("images", [payload.images for payload in payloads]),
    }
    data |= {name: [getattr(p, name) for p in payloads] for name in EVENT_SCHEMA if name not in data}
    return pl.DataFrame(data, schema=EVENT_SCHEMA)


def _list_column(name: str, lists: Sequence[Sequence[Any]]) -> pl.Series:
    """Lists of Structs as one column, made member by member: a dictionary for each would cost tenfold."""
    members = EVENT_SCHEMA[name].inner.to_schema()
    items = [item for listed in lists for item in listed]
    structs = pl.DataFrame({m: [getattr(item, m) for item in items] for m in members}, schema=members)
    offsets = pa.array(accumulate(map(len, lists), initial=0), pa.int64())
    column = pa.LargeListArray.from_arrays(offsets, structs.to_struct().to_arrow())
    return pl.Series(name, column, dtype=EVENT_SCHEMA[name])


def status_frame(statuses: Iterable[Status], received_at_ms: int) -> pl.DataFrame:
    """Statuses as columns."""
    rows = [
        {
            "device": status.device.id,
            "area": status.device.area,
            "kind": status.device.kind,
            "online": status.online,
            "retained": status.retained,
            "received_at": received_at_ms,
        }
        for status in statuses
    ]
    return _times_from_ms(rows, STATUS_SCHEMA)


def dead_letter_frame(
    rejected: Sequence[tuple[RawMessage, Rejected]], received_at_ms: int, sample_bytes: int
) -> pl.DataFrame:
    """Rejected input as columns: payloads of at most `sample_bytes` whole, of longer ones the beginning."""
    # One that is not whole cannot be replayed: it only has to be recognised.
    beginning = min(sample_bytes, _BEGINNING_BYTES)
    rows = []
    for message, rejection in rejected:
        payload = message.payload if rejection.payload is None else rejection.payload
        rows.append(
            {
                "reason": rejection.reason.value,
                "detail": rejection.detail,
                "topic": message.topic,
                "payload": payload if len(payload) <= sample_bytes else payload[:beginning],
                "payload_bytes": len(payload),
                "received_at": received_at_ms,
                "identity": rejection.identity,
            }
        )
    return _times_from_ms(rows, DEAD_LETTER_SCHEMA)


def _times_from_ms(rows: list[dict[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """A frame from rows whose times are epoch milliseconds."""
    raw = {name: pl.Int64 if dtype == TIME else dtype for name, dtype in schema.items()}
    return pl.DataFrame(rows, schema=raw).cast(
        {name: TIME for name, dtype in schema.items() if dtype == TIME}
    )
