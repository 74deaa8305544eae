"""A copy that breaks off goes on behind the last hour done, and nothing stands twice."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from devices.batch import ReadingBatch
from store.backup.chunks import Chunk
from store.backup.copying import Checkpoint, StoreSource, copy
from store.backup.errors import BackupError, TargetDiffersError
from store.duckdb_store import DuckdbTelemetryStore
from tests.store.readings import many_lamps

HOURS = 6
Stores = tuple[DuckdbTelemetryStore, DuckdbTelemetryStore]


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    opened = [DuckdbTelemetryStore(tmp_path / f"{name}.duckdb") for name in ("a", "b")]
    hour = pl.duration(hours=pl.col("seq") % HOURS)
    opened[0].write(ReadingBatch("streetlight", many_lamps(600).with_columns(pl.col("measured_at") - hour)))
    yield opened[0], opened[1]
    for store in opened:
        store.close()


def copied(source: DuckdbTelemetryStore, target: DuckdbTelemetryStore, folder: Path) -> Iterator[Chunk]:
    return copy(StoreSource(source), target, Checkpoint(folder / "c", "a", "b"), check=True)


def sums(store: DuckdbTelemetryStore) -> list[str]:
    return [chunk.sum for chunk in StoreSource(store).after("telemetry/streetlight", None)]


def test_copy_holds_the_same_rows(stores: Stores, tmp_path: Path) -> None:
    source, target = stores
    chunks = list(copied(source, target, tmp_path))
    assert sum(chunk.frame.height for chunk in chunks) == 600
    assert sums(target) == sums(source)
    assert len(sums(source)) >= HOURS
    assert not (tmp_path / "c").exists()


def test_copy_that_broke_off_goes_on_behind_the_last_hour_done(stores: Stores, tmp_path: Path) -> None:
    source, target = stores
    begun = copied(source, target, tmp_path)
    first = [next(begun) for _ in range(2)]
    rest = list(copied(source, target, tmp_path))
    assert [chunk.number for chunk in first + rest] == source.hours("streetlight")["hour"].to_list()
    assert sums(target) == sums(source)


def test_checkpoint_of_another_copy_is_refused(stores: Stores, tmp_path: Path) -> None:
    next(copied(*stores, tmp_path))
    with pytest.raises(BackupError, match="from 'a' to 'b'"):
        Checkpoint(tmp_path / "c", "a", "elsewhere")


def test_target_that_holds_other_rows_of_an_hour_is_named(stores: Stores, tmp_path: Path) -> None:
    source, target = stores
    target.write(ReadingBatch("streetlight", many_lamps(1).with_columns(device=pl.lit("another"))))
    with pytest.raises(TargetDiffersError, match="telemetry/streetlight, hour"):
        list(copied(source, target, tmp_path))
