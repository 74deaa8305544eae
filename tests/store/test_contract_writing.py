"""What every backend must do with readings that are written: once each, merged, and there for good."""

import math
import shutil
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.batch import ReadingBatch
from store.duckdb_store import DuckdbTelemetryStore
from store.telemetry import Selection, TelemetryStore
from tests.store.contract import MIDNIGHT, Backend, Row, everything, lamps


def test_batch_written_twice_is_stored_once(store: TelemetryStore) -> None:
    batch = lamps({"ts": 1000, "seq": 1, "power_w": 5.0}, {"ts": 2000, "seq": 2, "power_w": 6.0})
    store.write(batch)
    store.write(batch)
    assert everything(store, "power_w") == [("L0", 1000, 1, 5.0), ("L0", 2000, 2, 6.0)]
    assert store.counts()["streetlight"] == 2


def test_same_key_merges_fields_and_the_later_value_wins(store: TelemetryStore) -> None:
    store.write(lamps({"ts": 1000, "seq": 1, "power_w": 5.0, "temp_c": 30.0}))
    store.write(lamps({"ts": 1000, "seq": 1, "power_w": 7.0, "dim_pct": 50.0}))
    assert everything(store, "power_w", "dim_pct", "temp_c") == [("L0", 1000, 1, 7.0, 50.0, 30.0)]


def test_same_key_within_one_batch_merges_alike(store: TelemetryStore) -> None:
    store.write(
        lamps({"ts": 1000, "power_w": 5.0}, {"ts": 1000, "dim_pct": 50.0}, {"ts": 1000, "power_w": 6.0})
    )
    assert everything(store, "power_w", "dim_pct") == [("L0", 1000, None, 6.0, 50.0)]


def test_same_time_with_other_sequence_is_another_row(store: TelemetryStore) -> None:
    store.write(lamps({"ts": 1000, "seq": 1, "power_w": 5.0}, {"ts": 1000, "seq": 2, "power_w": 6.0}))
    assert everything(store, "power_w") == [("L0", 1000, 1, 5.0), ("L0", 1000, 2, 6.0)]


def test_store_reopened_has_what_was_written(store: TelemetryStore, backend: Backend) -> None:
    store.write(lamps({"ts": 1000, "seq": 1, "power_w": 5.0}))
    store.close()
    again = backend()
    assert everything(again, "power_w") == [("L0", 1000, 1, 5.0)]
    again.close()


def test_bad_time_is_told_from_good_time(store: TelemetryStore) -> None:
    batch = lamps({"ts": 1000, "power_w": 1.0})
    received = batch.frame.with_columns(
        measured_at=pl.col("received_at"), time_quality=pl.lit("bad", batch.frame.schema["time_quality"])
    )
    store.write(ReadingBatch("streetlight", received))
    (found,) = store.export(Selection(kind="streetlight", from_ms=0, to_ms=MIDNIGHT))
    assert found.frame.equals(received)


def test_value_that_is_no_number_is_null(store: TelemetryStore) -> None:
    batch = lamps({"ts": 1000, "power_w": 1.0, "temp_c": 30.0}, {"ts": 2000, "power_w": 2.0})
    nan = batch.frame.with_columns(temp_c=pl.lit(math.nan))
    assert store.write(ReadingBatch("streetlight", nan)).is_empty()
    assert everything(store, "power_w", "temp_c") == [
        ("L0", 1000, None, 1.0, None),
        ("L0", 2000, None, 2.0, None),
    ]


ROWS = st.lists(
    st.fixed_dictionaries(
        {"lamp": st.integers(0, 2), "ts": st.integers(0, 5).map(lambda n: n * 1000)},
        optional={
            "seq": st.integers(0, 2),
            "power_w": st.integers(0, 9).map(float),
            "dim_pct": st.just(50.0),
        },
    ),
    max_size=8,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, max_size=5))
def test_writes_in_any_overlap_equal_a_dictionary_of_merged_rows(
    tmp_path: Path, batches: list[list[Row]]
) -> None:
    expected: dict[tuple[str, int, int], dict[str, Any]] = {}
    shutil.rmtree(tmp_path / "any", ignore_errors=True)
    store = DuckdbTelemetryStore(tmp_path / "any")
    try:
        for rows in batches:
            store.write(lamps(*rows))
            for row in rows:
                key = (f"L{row['lamp']}", row["ts"], row.get("seq") or 0)
                merged = expected.setdefault(key, {"power_w": None, "dim_pct": None})
                merged |= {name: row[name] for name in ("power_w", "dim_pct") if name in row}
        found = [(d, ts, seq or 0, p, dim) for d, ts, seq, p, dim in everything(store, "power_w", "dim_pct")]
        assert sorted(found) == sorted(
            (*key, row["power_w"], row["dim_pct"]) for key, row in expected.items()
        )
    finally:
        store.close()
