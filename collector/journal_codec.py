"""Entries as bytes: Arrow IPC for what is columns, JSON for marks."""

import io
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec
import polars as pl

from devices.batch import DEAD_LETTER_SCHEMA, EVENT_SCHEMA, ReadingBatch, reading_schema
from devices.stream import Content, DeadLetterBatch, EventBatch, Mark, StatusBatch

__all__ = ["decode", "encode"]

_READINGS = "readings/"


def encode(content: Content) -> tuple[str, int, bytes]:
    """The content's type name, how many records it holds that a store still has to write, and its bytes."""
    match content:
        case ReadingBatch(kind, frame):
            return f"{_READINGS}{kind}", frame.height, _ipc(_said(frame))
        case EventBatch(frame):
            return "events", frame.height, _ipc(frame)
        case StatusBatch(frame):
            return "statuses", 0, _ipc(frame)
        case DeadLetterBatch(frame):
            return "dead-letters", 0, _ipc(frame)
        case Mark():
            return "mark", 0, msgspec.json.encode(content)


def decode(name: str, body: bytes) -> Content:
    """The content again.

    Raises:
        ValueError: a type name that this version does not know.
    """
    if name.startswith(_READINGS):
        kind = name.removeprefix(_READINGS)
        return ReadingBatch(kind, _as_now(pl.read_ipc_stream(io.BytesIO(body)), reading_schema(kind)))
    if name == "mark":
        return msgspec.json.decode(body, type=Mark)
    frames: dict[str, Callable[[pl.DataFrame], Content]] = {
        "events": lambda frame: EventBatch(_as_now(frame, EVENT_SCHEMA)),
        "statuses": StatusBatch,
        "dead-letters": lambda frame: DeadLetterBatch(_as_now(frame, DEAD_LETTER_SCHEMA)),
    }
    if name not in frames:
        raise ValueError(f"journal entries of type {name!r} are unknown; a newer version wrote this journal")
    return frames[name](pl.read_ipc_stream(io.BytesIO(body)))


def _said(frame: pl.DataFrame) -> pl.DataFrame:
    """The columns in which somebody said something: a device sends a few of its kind's fields."""
    return frame.select([name for name in frame.columns if frame[name].null_count() < frame.height])


def _as_now(frame: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    """A frame with the columns of this version: what it had not, or nobody said anything in, is null."""
    if frame.columns == list(schema):
        return frame
    said = {column.name: column for column in frame.get_columns()}
    # Column by column: a backlog has many small frames, and expressions would cost ten times as much.
    return pl.DataFrame(
        [
            said[name] if name in said else _null(name, dtype).new_from_index(0, frame.height)
            for name, dtype in schema.items()
        ]
    )


@lru_cache(maxsize=1_000)
def _null(name: str, dtype: Any) -> pl.Series:
    return pl.Series(name, [None], dtype=dtype)


def _ipc(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer)
    return buffer.getvalue()
