"""The six questions that an operator asks, as the service asks them of its stores."""

import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import polars as pl

from benchmarks.rig import SEED
from benchmarks.store.readings import DAY_MS, DAYS, END_MS, CityReadings
from devices.batch import DEAD_LETTER_SCHEMA, STATUS_SCHEMA, ReadingBatch
from devices.stream import Position
from rules.detection.outcome import Outcome, Snapshot
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.latest import LatestRepository
from store.telemetry import RangeQuery, Selection, TelemetryStore, top_devices
from store.windows import Aggregate, GroupBy, WindowQuery

__all__ = ["LATEST_DEVICES", "LIMITS", "Asked", "ask_all", "latest_of"]

LATEST_DEVICES = 10_000
_HOUR_MS = 3_600_000
_MINUTE_MS = 60_000
_EXPORT_ROWS = 1_000_000
_PATIENCE_S = 20.0
_LEAST = 2


class Asked(NamedTuple):
    """Milliseconds that half and 95 of 100 answers needed at most, of how many; processors busy of ours."""

    p50_ms: float
    p95_ms: float
    asked: int
    rows: int
    busy: float


def ask_all(store: TelemetryStore, readings: CityReadings, times: int) -> dict[str, Asked]:
    """The five questions that telemetry answers, so many times each, about other devices and days."""
    chance = random.Random(SEED)  # noqa: S311 - which device is asked about protects nothing
    names = {kind: frame["device"].to_list() for kind, frame in readings.first.items()}

    def device_day() -> int:
        day = END_MS - chance.randrange(1, DAYS) * DAY_MS
        query = WindowQuery(
            kind="streetlight",
            devices=[chance.choice(names["streetlight"])],
            fields=["power_w", "voltage_v", "dim_pct"],
            aggregate=Aggregate.MEAN,
            from_ms=day,
            to_ms=day + DAY_MS,
            every_ms=_MINUTE_MS,
        )
        return store.windows(query).height

    def cabinet_week() -> int:
        begin = END_MS - chance.randrange(7, DAYS) * DAY_MS
        cabinet = chance.choice(names["lighting-cabinet"])
        query = RangeQuery(
            kind="lighting-cabinet", devices=[cabinet], from_ms=begin, to_ms=begin + 7 * DAY_MS
        )
        return store.range(query).height

    def kind_month() -> int:
        query = WindowQuery(
            kind="streetlight",
            fields=["power_w"],
            aggregate=Aggregate.MEAN,
            from_ms=END_MS - DAYS * DAY_MS,
            to_ms=END_MS,
            every_ms=_HOUR_MS,
            group_by=GroupBy.KIND,
        )
        return store.windows(query).height

    def top20() -> int:
        end = END_MS - chance.randrange(0, 24) * _HOUR_MS
        query = WindowQuery(
            kind="streetlight",
            fields=["power_w"],
            aggregate=Aggregate.MEAN,
            from_ms=end - _HOUR_MS,
            to_ms=end,
        )
        return top_devices(store, query, 20).height

    questions = {
        "device_day": device_day,
        "cabinet_week": cabinet_week,
        "kind_month": kind_month,
        "top20": top20,
    }
    found = {name: _asked(question, times) for name, question in questions.items()}
    return found | {"export": _asked(lambda: _export(store), max(3, times // 10))}


def latest_of(folder: Path, times: int) -> Asked:
    """The newest readings of 10,000 devices out of the operations store, which is what answers that."""
    database = OperationsDatabase.open(sqlite_url(folder / "operations.db"))
    try:
        _fill_latest(database)
        latest = LatestRepository(database)
        return _asked(lambda: len(latest.list(limit=LATEST_DEVICES).items), times)
    finally:
        database.close()


def _fill_latest(database: OperationsDatabase) -> None:
    first = CityReadings(LATEST_DEVICES).first
    batches = [ReadingBatch(kind, frame) for kind, frame in first.items()]
    snapshot = Snapshot(Position("bench", 1), {}, b"")
    none, no_letters = pl.DataFrame(schema=STATUS_SCHEMA), pl.DataFrame(schema=DEAD_LETTER_SCHEMA)
    outcome = Outcome(snapshot, (), batches, none, no_letters.with_columns(entry=pl.lit(0)))
    DetectionTables(database).commit(outcome)


def _export(store: TelemetryStore) -> int:
    """Take the newest million readings of lamps, and leave the rest."""
    rows = 0
    wanted = Selection(kind="streetlight", from_ms=END_MS - DAYS * DAY_MS, to_ms=END_MS)
    batches = store.export(wanted)
    for batch in batches:
        rows += batch.frame.height
        if rows >= _EXPORT_ROWS:
            break
    return rows


def _asked(question: Callable[[], int], times: int) -> Asked:
    """Ask once to warm up, then again and again, not longer than there is patience."""
    rows = question()
    taken: list[float] = []
    begin_s, used_s = time.perf_counter(), time.process_time()
    while len(taken) < times and (len(taken) < _LEAST or time.perf_counter() - begin_s < _PATIENCE_S):
        start_s = time.perf_counter()
        rows = question()
        taken.append((time.perf_counter() - start_s) * 1000)
    busy = (time.process_time() - used_s) / (time.perf_counter() - begin_s)
    taken.sort()
    half, most = (taken[min(len(taken) - 1, int(len(taken) * share))] for share in (0.5, 0.95))
    return Asked(round(half, 2), round(most, 2), len(taken), rows, round(busy, 2))


LIMITS: Mapping[str, str] = {
    "latest": "a page of SQLite rows, each one's JSON decoded in Python",
    "device_day": "finding the device's rows among those of the day",
    "cabinet_week": "finding the cabinet's rows among those of seven days; all fields are read",
    "kind_month": "the hourly rollups of every lamp of the month",
    "top20": "every lamp's readings of an hour, then a sort",
    "export": "all columns from the backend into Arrow",
}
"""What an answer consists of, where that is what takes the time."""
