"""Fakes and makers for the collector's tests."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from devices.batch import ReadingBatch, reading_frame
from devices.decoders.native import NativeDecoder
from devices.messages import RawMessage, Reading
from devices.refused import REFUSAL
from devices.registry import Device, Registry

LAMP_TOPIC = "ioc/v1/tam-ky/streetlight/TK-L-0001/telemetry"
LAMPS = Registry(
    Device(id=f"TK-L-000{n}", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0}) for n in (1, 2)
)


def telemetry(
    *, lamp: int = 1, duplicate: bool = False, receipt: object = None, **members: Any
) -> RawMessage:
    topic = LAMP_TOPIC.replace("0001", f"000{lamp}")
    return RawMessage(topic, json.dumps(members).encode(), duplicate=duplicate, receipt=receipt)


def lamp_batch(*rows: dict[str, Any], received_at_ms: int = 10_000) -> ReadingBatch:
    readings = [
        record
        for row in rows
        for record in NativeDecoder().decode(telemetry(**row), LAMPS)
        if isinstance(record, Reading)
    ]
    return ReadingBatch("streetlight", reading_frame("streetlight", readings, received_at_ms))


class ScriptedSource:
    """A source that hands over prepared rounds and remembers what was acknowledged."""

    def __init__(self, *rounds: Sequence[RawMessage]) -> None:
        self._rounds = list(rounds)
        self.acknowledged: list[RawMessage] = []
        self.is_subscribed = True

    async def receive(self, limit: int, timeout_s: float) -> list[RawMessage]:
        await asyncio.sleep(0)
        return list(self._rounds.pop(0))[:limit] if self._rounds and timeout_s > 0 else []

    def acknowledge(self, messages: Sequence[RawMessage]) -> None:
        self.acknowledged.extend(messages)


class UnavailableError(Exception):
    """What the recording sink raises while it is away."""


class RecordingSink:
    """A sink in memory; `failures` writes fail before it works, and it refuses what some devices say."""

    def __init__(self, failures: int = 0, refuses: Sequence[str] = ()) -> None:
        self.failures = failures
        self.refuses = list(refuses)
        self.readings: list[ReadingBatch] = []
        self.events: list[pl.DataFrame] = []

    def write(self, batch: ReadingBatch) -> pl.DataFrame:
        if self.failures:
            self.failures -= 1
            raise UnavailableError("away")
        self.readings.append(batch)
        return self._refused(batch.frame)

    def write_events(self, frame: pl.DataFrame) -> pl.DataFrame:
        self.events.append(frame)
        return self._refused(frame)

    def _refused(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("device").is_in(self.refuses)).with_columns(pl.lit("no").alias(REFUSAL))
