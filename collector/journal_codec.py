"""Entries as bytes: Arrow IPC for what is columns, JSON for marks."""

import io
from collections.abc import Callable

import msgspec
import polars as pl

from devices.batch import DEAD_LETTER_SCHEMA, ReadingBatch
from devices.stream import Content, DeadLetterBatch, EventBatch, Mark, StatusBatch

__all__ = ["decode", "encode"]

_READINGS = "readings/"


def encode(content: Content) -> tuple[str, int, bytes]:
    """The content's type name, how many records it holds that a store still has to write, and its bytes."""
    match content:
        case ReadingBatch(kind, frame):
            return f"{_READINGS}{kind}", frame.height, _ipc(frame)
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
        return ReadingBatch(name.removeprefix(_READINGS), pl.read_ipc_stream(io.BytesIO(body)))
    if name == "mark":
        return msgspec.json.decode(body, type=Mark)
    frames: dict[str, Callable[[pl.DataFrame], Content]] = {
        "events": EventBatch,
        "statuses": StatusBatch,
        "dead-letters": lambda frame: DeadLetterBatch(_with_columns_since_added(frame)),
    }
    if name not in frames:
        raise ValueError(f"journal entries of type {name!r} are unknown; a newer version wrote this journal")
    return frames[name](pl.read_ipc_stream(io.BytesIO(body)))


def _with_columns_since_added(letters: pl.DataFrame) -> pl.DataFrame:
    """Dead letters of an older version, with the columns that they had not."""
    missing = {name: dtype for name, dtype in DEAD_LETTER_SCHEMA.items() if name not in letters.columns}
    return letters.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in missing.items())


def _ipc(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer)
    return buffer.getvalue()
