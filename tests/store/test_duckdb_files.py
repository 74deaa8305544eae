"""Files of the embedded store: what drops, what is put in order, what a copy and a killed process leave."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from devices.batch import ReadingBatch
from store.duckdb_format1 import carry_over, rows_of
from store.duckdb_store import DuckdbTelemetryStore
from store.resolutions import Resolution
from store.telemetry import Selection, TelemetrySetupError, TelemetryStore, TelemetryUnavailableError
from tests.store.readings import many_lamps

DAY_MS = 86_400_000
MIDNIGHT = datetime(2025, 11, 25, tzinfo=UTC)
MIDNIGHT_MS = round(MIDNIGHT.timestamp()) * 1000
EVERYTHING = Selection(kind="streetlight", from_ms=0, to_ms=2 * MIDNIGHT_MS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "telemetry"


@pytest.fixture
def store(folder: Path) -> Iterator[DuckdbTelemetryStore]:
    with closing(DuckdbTelemetryStore(folder)) as opened:
        yield opened


def days(count: int, rows: int = 50) -> pl.DataFrame:
    """Readings of the last `count` days before midnight, `rows` of each."""
    return pl.concat([many_lamps(rows, MIDNIGHT - timedelta(days=n)) for n in range(count)])


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.duckdb"))


def exported(store: TelemetryStore) -> pl.DataFrame:
    return pl.concat([batch.frame for batch in store.export(EVERYTHING)]).sort("measured_at", "device")


def test_each_day_of_a_kind_has_its_file(store: DuckdbTelemetryStore, folder: Path) -> None:
    store.write(ReadingBatch("streetlight", days(2)))
    expected = ["streetlight/raw-2025-11-23.0.duckdb", "streetlight/raw-2025-11-24.0.duckdb"]
    assert files(folder) == expected


def test_expired_days_are_dropped_whole_and_give_their_space_back(
    store: DuckdbTelemetryStore, folder: Path
) -> None:
    store.write(ReadingBatch("streetlight", days(3)))
    before = store.status().size_bytes
    assert store.expire(Resolution.RAW, "streetlight", MIDNIGHT_MS - DAY_MS + 1) == 2
    assert files(folder) == ["streetlight/raw-2025-11-24.0.duckdb"]
    after = store.status().size_bytes
    assert before is not None
    assert after is not None
    assert after < before
    assert store.counts()["streetlight"] == 50


def test_export_that_has_begun_reads_on_while_its_files_are_dropped_and_put_in_order(
    store: DuckdbTelemetryStore,
) -> None:
    written = days(3, rows=3000)
    store.write(ReadingBatch("streetlight", written))
    export = store.export(EVERYTHING, batch_rows=100)
    first = next(export)
    store.compact(MIDNIGHT_MS)
    store.expire(Resolution.RAW, "streetlight", MIDNIGHT_MS)
    rest = sum(batch.frame.height for batch in export)
    assert first.frame.height + rest == written.height
    assert store.counts()["streetlight"] == 0


def test_file_put_in_order_holds_the_same_rows_and_takes_late_ones(
    store: DuckdbTelemetryStore, folder: Path
) -> None:
    store.write(ReadingBatch("streetlight", days(2)))
    before = exported(store)
    assert store.compact(MIDNIGHT_MS - DAY_MS) == 1
    assert files(folder)[0] == "streetlight/raw-2025-11-23.1.duckdb"
    assert exported(store).equals(before)
    assert store.compact(MIDNIGHT_MS - DAY_MS) == 0
    late = days(2).with_columns(power_w=pl.lit(1.0))
    store.write(ReadingBatch("streetlight", late))
    assert exported(store)["power_w"].to_list() == [1.0] * 100


class NotedLock:
    """A lock that notes when a certain thread asks for it."""

    def __init__(self, who: str) -> None:
        self._lock, self._who = threading.RLock(), who
        self.asked = threading.Event()

    def __enter__(self) -> None:
        if threading.current_thread().name == self._who:
            self.asked.set()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_late_rows_whose_write_is_under_way_when_a_copy_begins_are_kept(
    store: DuckdbTelemetryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(ReadingBatch("streetlight", days(1)))
    lock, is_writing = NotedLock("compactor"), threading.Event()

    def no_mark_yet(*_: Any) -> None:
        is_writing.set()
        assert lock.asked.wait(30)  # the copy is made by now, or waits for us

    monkeypatch.setattr(store, "_write_lock", lock)
    monkeypatch.setattr(store, "_mark", no_mark_yet)
    late = ReadingBatch("streetlight", days(1, rows=80))
    writer = threading.Thread(target=store.write, args=[late])
    writer.start()
    assert is_writing.wait(30)
    compactor = threading.Thread(target=store.compact, args=[MIDNIGHT_MS], name="compactor")
    compactor.start()
    writer.join()
    compactor.join()
    assert store.counts()["streetlight"] == 130


def test_day_is_there_for_questions_at_every_moment_of_a_change_of_files(
    store: DuckdbTelemetryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(ReadingBatch("streetlight", days(1)))
    unlink, seen = Path.unlink, []

    def counting(path: Path, *, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        seen.append(store.counts()["streetlight"])

    monkeypatch.setattr(Path, "unlink", counting)
    assert store.compact(MIDNIGHT_MS) == 1
    assert set(seen) == {50}


def test_log_left_by_a_dropped_file_does_not_meet_the_next_file_of_its_name(folder: Path) -> None:
    with closing(DuckdbTelemetryStore(folder)) as store:
        store.write(ReadingBatch("streetlight", days(1)))
        log = folder / f"{files(folder)[0]}.wal"
        left = log.read_bytes()
        store.expire(Resolution.RAW, "streetlight", MIDNIGHT_MS)
    log.write_bytes(left)  # as if killed between the two removals
    with closing(DuckdbTelemetryStore(folder)) as store:
        store.write(ReadingBatch("streetlight", days(1)))
        assert store.counts()["streetlight"] == 50
    with closing(DuckdbTelemetryStore(folder)) as store:
        assert store.counts()["streetlight"] == 50


def test_older_copy_and_what_was_not_finished_are_cleared_at_the_start(folder: Path) -> None:
    with closing(DuckdbTelemetryStore(folder)) as store:
        store.write(ReadingBatch("streetlight", days(1)))
        old = (folder / files(folder)[0]).read_bytes()
        store.compact(MIDNIGHT_MS)
    (folder / "streetlight/raw-2025-11-24.0.duckdb").write_bytes(old)  # as if killed before it was removed
    (folder / "streetlight/raw-2025-11-25.0.duckdb.new").write_bytes(b"half")
    with closing(DuckdbTelemetryStore(folder)) as store:
        assert store.counts()["streetlight"] == 50
    assert files(folder) == ["streetlight/raw-2025-11-24.1.duckdb"]


def test_copy_made_while_an_export_reads_opens_with_the_same_rows(
    store: DuckdbTelemetryStore, tmp_path: Path
) -> None:
    store.write(ReadingBatch("streetlight", days(2, rows=3000)))
    export = store.export(EVERYTHING, batch_rows=100)
    next(export)
    assert store.copy_to(tmp_path / "copy") > 0
    export.close()  # type: ignore[attr-defined]
    store.write(ReadingBatch("streetlight", days(3)))
    with closing(DuckdbTelemetryStore(tmp_path / "copy")) as copied:
        assert copied.counts()["streetlight"] == 6000


def test_kind_that_gained_a_field_reads_its_older_files(folder: Path) -> None:
    with closing(DuckdbTelemetryStore(folder)) as store:
        store.write(ReadingBatch("streetlight", days(1)))
    with duckdb.connect(str(folder / files(folder)[0])) as file:
        file.execute("ALTER TABLE rows DROP COLUMN temp_c")
    with closing(DuckdbTelemetryStore(folder)) as store:
        assert exported(store)["temp_c"].null_count() == 50


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("format", "3", "format '3', this version reads 2"),
        ("letter.txt", "dear mayor", "none named 'format'"),
    ],
)
def test_folder_of_another_format_is_refused_with_what_to_do(
    folder: Path, name: str, content: str, why: str
) -> None:
    folder.mkdir()
    (folder / name).write_text(content)
    with pytest.raises(TelemetrySetupError, match=why):
        DuckdbTelemetryStore(folder)


def test_foreign_file_is_refused_by_name(folder: Path) -> None:
    DuckdbTelemetryStore(folder).close()
    (folder / "streetlight").mkdir()
    (folder / "streetlight/mine.duckdb").touch()
    with pytest.raises(TelemetryUnavailableError, match=r"mine\.duckdb"):
        DuckdbTelemetryStore(folder)


def test_telemetry_of_format_1_is_carried_over(store: DuckdbTelemetryStore, tmp_path: Path) -> None:
    older = tmp_path / "telemetry.duckdb"
    with duckdb.connect(str(older)) as file:
        file.execute("CREATE TABLE meta AS SELECT 'format' AS name, '1' AS value")
        file.register("lamps", days(2).drop("temp_c").cast({"time_quality": pl.String}).to_arrow())
        file.execute("CREATE TABLE streetlight AS SELECT 1::BIGINT AS key, * FROM lamps")
    assert rows_of(older) == 100
    told: list[int] = []
    carry_over(older, store, told.append)
    assert (sum(told), older.exists()) == (100, False)
    expected = days(2).sort("measured_at", "device")
    assert (
        exported(store)
        .select("device", "measured_at", "power_w")
        .equals(expected.select("device", "measured_at", "power_w"))
    )


_WRITER = """
import sys
from datetime import datetime, timedelta, UTC
from pathlib import Path
from devices.batch import ReadingBatch
from store.duckdb_store import DuckdbTelemetryStore
from tests.store.readings import many_lamps
store = DuckdbTelemetryStore(Path(sys.argv[1]))
midnight = datetime(2025, 11, 25, tzinfo=UTC)
for number in range(1, 10_000):
    store.write(ReadingBatch("streetlight", many_lamps(200, midnight - timedelta(seconds=number))))
    print(number, flush=True)
"""


def test_process_killed_while_writing_keeps_every_acknowledged_batch_once(folder: Path) -> None:
    command = [sys.executable, "-c", _WRITER, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [next(writer.stdout) for _ in range(15)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += writer.stdout.readlines()
    whole = [line for line in acknowledged if line.endswith("\n")]
    with closing(DuckdbTelemetryStore(folder)) as store:
        rows = exported(store)
    assert rows.height in {len(whole) * 200, (len(whole) + 1) * 200}
    assert rows.select("device", "measured_at").is_duplicated().sum() == 0
