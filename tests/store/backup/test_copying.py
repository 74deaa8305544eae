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


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[DuckdbTelemetryStore, DuckdbTelemetryStore]]:
    opened = [
        DuckdbTelemetryStore(tmp_path / name / "t.duckdb")
        for name in ("a", "b")
        if (tmp_path / name).mkdir() is None
    ]
    hour = pl.duration(hours=pl.col("seq") % HOURS)
    opened[0].write(ReadingBatch("streetlight", many_lamps(600).with_columns(pl.col("measured_at") - hour)))
    yield opened[0], opened[1]
    for store in opened:
        store.close()


def sums(store: DuckdbTelemetryStore) -> list[str]:
    return [chunk.sum for chunk in StoreSource(store).after("telemetry/streetlight", None)]


def test_copy_holds_the_same_rows(
    stores: tuple[DuckdbTelemetryStore, DuckdbTelemetryStore], tmp_path: Path
) -> None:
    source, target = stores
    chunks = list(copy(StoreSource(source), target, Checkpoint(tmp_path / "c", "a", "b"), check=True))
    assert sum(chunk.frame.height for chunk in chunks) == 600
    assert sums(target) == sums(source)
    assert not (tmp_path / "c").exists()


def test_copy_that_broke_off_goes_on_behind_the_last_hour_done(
    stores: tuple[DuckdbTelemetryStore, DuckdbTelemetryStore], tmp_path: Path
) -> None:
    source, target = stores
    begun = copy(StoreSource(source), target, Checkpoint(tmp_path / "c", "a", "b"), check=True)
    first = [next(begun) for _ in range(2)]
    begun.close()
    rest: list[Chunk] = list(
        copy(StoreSource(source), target, Checkpoint(tmp_path / "c", "a", "b"), check=True)
    )
    assert [chunk.number for chunk in first + rest] == StoreSource(source)._dump.hours("streetlight")
    assert sums(target) == sums(source)


def test_checkpoint_of_another_copy_is_refused(
    stores: tuple[DuckdbTelemetryStore, DuckdbTelemetryStore], tmp_path: Path
) -> None:
    source, target = stores
    begun = copy(StoreSource(source), target, Checkpoint(tmp_path / "c", "a", "b"), check=True)
    next(begun)
    begun.close()
    with pytest.raises(BackupError, match="from 'a' to 'b'"):
        Checkpoint(tmp_path / "c", "a", "elsewhere")


def test_target_that_holds_other_rows_of_an_hour_is_named(
    stores: tuple[DuckdbTelemetryStore, DuckdbTelemetryStore], tmp_path: Path
) -> None:
    source, target = stores
    other = many_lamps(1).with_columns(device=pl.lit("another"))
    target.write(ReadingBatch("streetlight", other))
    with pytest.raises(TargetDiffersError, match="telemetry/streetlight, hour"):
        list(copy(StoreSource(source), target, Checkpoint(tmp_path / "c", "a", "b"), check=True))
