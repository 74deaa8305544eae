"""What is dropped is summed up first and stays dropped; files stay few however long readings are kept."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from devices.batch import EVENT_SCHEMA, ReadingBatch
from devices.refused import REFUSAL
from store.duckdb_store import DuckdbTelemetryStore
from store.resolutions import Resolution
from store.retention import KEPT_FOR_GOOD, Retention, expired
from store.rollups.keeper import RollupKeeper
from store.windows import Aggregate, WindowQuery
from tests.store.readings import many_lamps

DAY_MS = 86_400_000
MIDNIGHT_MS = 1_764_028_800_000  # 2025-11-25T00:00Z, where many_lamps ends
HOURLY = WindowQuery(
    kind="streetlight", fields=["power_w"], aggregate=Aggregate.COUNT, every_ms=3_600_000,
    from_ms=MIDNIGHT_MS - DAY_MS, to_ms=MIDNIGHT_MS,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckdbTelemetryStore]:
    with closing(DuckdbTelemetryStore(tmp_path / "telemetry", Retention())) as opened:
        yield opened


def lamps(received_after_days: int = 0, count: int = 100) -> ReadingBatch:
    rows = many_lamps(count)
    late = pl.col("received_at") + pl.duration(days=received_after_days)
    return ReadingBatch("streetlight", rows.with_columns(received_at=late))


def event(name: str, at_ms: int, *, received_ms: int | None = None) -> pl.DataFrame:
    said = dict.fromkeys(EVENT_SCHEMA) | {
        "device": "T1", "area": "tam-ky", "kind": "traffic-camera", "type": "passage", "id": name,
        "measured_at": at_ms, "received_at": received_ms or at_ms, "time_quality": "bad",
        "vehicles": [], "images": [],
    }  # fmt: skip
    raw = {column: pl.Int64 if column.endswith("_at") else dtype for column, dtype in EVENT_SCHEMA.items()}
    return pl.DataFrame([said], schema=raw).cast(pl.Schema(EVENT_SCHEMA))


def files(tmp_path: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in (tmp_path / "telemetry").glob(pattern))


def test_readings_that_an_outage_kept_from_being_summed_up_are_summed_up_before_they_are_dropped(
    store: DuckdbTelemetryStore,
) -> None:
    store.write(lamps())
    back_ms = MIDNIGHT_MS + 45 * DAY_MS
    assert expired(store, Retention(), back_ms) == 0
    assert RollupKeeper(store).run(back_ms) == 2
    assert expired(store, Retention(), back_ms) == 1
    assert store.counts()["streetlight"] == 0
    assert store.windows(HOURLY)["power_w"].sum() == 100


def test_reading_that_is_older_than_what_is_kept_is_refused_and_makes_no_dropped_day_anew(
    store: DuckdbTelemetryStore, tmp_path: Path
) -> None:
    store.write(lamps())
    RollupKeeper(store).run(MIDNIGHT_MS + DAY_MS)
    expired(store, Retention(), MIDNIGHT_MS + 40 * DAY_MS)
    refused = store.write(lamps(received_after_days=40))
    assert refused.height == 100
    assert set(refused[REFUSAL]) == {"older than the 30 days that are kept"}
    assert files(tmp_path, "streetlight/raw*") == []
    assert store.write(lamps(received_after_days=29)).is_empty()


def test_event_that_is_older_than_what_is_kept_is_refused(store: DuckdbTelemetryStore) -> None:
    old = event("e1", MIDNIGHT_MS, received_ms=MIDNIGHT_MS + 32 * DAY_MS)
    assert store.write_events(old)["id"].to_list() == ["e1"]
    assert store.counts()["events"] == 0


def test_event_is_looked_for_among_those_near_in_time_only(store: DuckdbTelemetryStore) -> None:
    store.write_events(event("e1", MIDNIGHT_MS))
    store.write_events(event("e1", MIDNIGHT_MS + DAY_MS - 1))
    assert store.counts()["events"] == 1
    store.write_events(event("e1", MIDNIGHT_MS + 10 * DAY_MS))
    assert store.counts()["events"] == 2


def test_dropped_file_leaves_no_mark_in_memory_that_would_empty_its_rollups(
    store: DuckdbTelemetryStore,
) -> None:
    store.write(lamps())
    RollupKeeper(store).run(MIDNIGHT_MS + DAY_MS)
    store.write(lamps(count=10))
    store.delete_before(MIDNIGHT_MS)
    assert store.pending(Resolution.MINUTE, "streetlight", 0, 2 * MIDNIGHT_MS) == []
    RollupKeeper(store).run(MIDNIGHT_MS + DAY_MS)
    assert store.windows(HOURLY)["power_w"].sum() == 100


def test_readings_that_are_kept_for_good_are_in_few_files(tmp_path: Path) -> None:
    folder = tmp_path / "telemetry"
    rows = many_lamps(400).with_columns(pl.col("measured_at") - pl.duration(days=pl.col("seq")))
    with closing(DuckdbTelemetryStore(folder, KEPT_FOR_GOOD)) as store:
        store.write(ReadingBatch("streetlight", rows))
        assert len(files(tmp_path, "streetlight/*.duckdb")) == 16
        assert store.compact(MIDNIGHT_MS - 300 * DAY_MS) > 0
    with closing(DuckdbTelemetryStore(folder, Retention())) as store:
        assert store.counts()["streetlight"] == 400
        # A day within a longer file has no file of its own, whatever the settings are now.
        store.write(ReadingBatch("streetlight", rows))
        assert len(files(tmp_path, "streetlight/*.duckdb")) == 16
        assert store.counts()["streetlight"] == 400


def test_days_that_are_there_stay_days_when_readings_are_kept_for_good_from_now_on(tmp_path: Path) -> None:
    folder = tmp_path / "telemetry"
    with closing(DuckdbTelemetryStore(folder, Retention())) as store:
        store.write(lamps())
    with closing(DuckdbTelemetryStore(folder, KEPT_FOR_GOOD)) as store:
        earlier = many_lamps(1).with_columns(pl.col("measured_at") - pl.duration(days=1))
        store.write(ReadingBatch("streetlight", earlier))
        assert files(tmp_path, "streetlight/*.duckdb") == [
            "raw-2025-11-23.0.duckdb", "raw-2025-11-24.0.duckdb"
        ]  # fmt: skip
        assert store.counts()["streetlight"] == 101
