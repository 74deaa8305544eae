"""What is backed up from any backend is the same in any other, to the last byte of its canonical form."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from api.auth import Role
from devices.batch import EVENT_SCHEMA, ReadingBatch, reading_schema
from devices.registry import Device, Registry
from store.backup.chunks import OPERATIONS, Chunk
from store.backup.dumping import dump
from store.backup.errors import (
    BackupDamagedError,
    BackupError,
    BackupTooNewError,
    DumpBrokenError,
    TargetNotEmptyError,
)
from store.backup.folder import Backup, Manifest, open_backup, write_backup
from store.backup.frames import packed, unpacked
from store.backup.restoring import check_backup, check_known, restore_operations, restore_telemetry
from store.duckdb_store import DuckdbTelemetryStore
from store.influx_client import InfluxAddress
from store.influx_store import InfluxTelemetryStore
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.faults import FaultFilter, FaultRepository
from store.operations.keys import KeyRepository
from store.retention import KEPT_FOR_GOOD, Retention, expired
from store.rollups.keeper import RollupKeeper
from store.windows import Aggregate, GroupBy, WindowQuery
from tests.influx_server import temporary_bucket
from tests.postgres_server import PostgresServer, temporary_database
from tests.store.contract import AnyStore
from tests.store.operations.support import (
    cleared,
    lamp_readings,
    letters,
    outcome,
    raised,
    statuses,
    suspected,
)
from tests.store.readings import many_lamps

LAMP_ROWS = 1_000
NEWEST_MS, DAY_MS = 1_764_028_800_000, 86_400_000
Source = tuple[OperationsDatabase, AnyStore]


def filled(database: OperationsDatabase) -> OperationsDatabase:
    """A database with something in most tables, text that is hard to keep, and numbers that went."""
    devices = [
        Device(
            id=f"{name}-1", kind="streetlight", area="tam-ky", name=f"Đèn {name}", attributes={"rated_w": 6.5}
        )
        for name in ("a", "Z", "_", "B")
    ]
    DeviceRepository(database).replace(Registry(devices), who="anna", at_ms=5)
    KeyRepository(database).create("anna", Role.ADMIN, who="anna", at_ms=6)
    fault = raised(why={"values": [{"power_w": 0.1, "z": None, "a": [1, 2.5, "đ\u0000"]}]})
    tables = DetectionTables(database)
    tables.commit(
        outcome(
            fault,
            suspected(),
            raised("TK-L-0002", since_ms=4_000),
            states={"b": b"\x00\xff", "B": b"", "a": b"1"},
            latest=[lamp_readings({"measured_at": 1, "power_w": 5.25})],
            statuses=statuses(("TK-L-0001", True, 5)),
            dead_letters=letters((1, "malformed", b"\xff\x00"), (1, "unknown_device", b"{}")),
        )
    )
    tables.commit(outcome(cleared(fault), number=2))
    return database


def written(store: AnyStore) -> AnyStore:
    """A store with readings of several hours and hard events."""
    quality = pl.when(pl.col("seq") % 7 == 0).then(pl.lit("bad")).otherwise(pl.lit("ok"))
    rows = many_lamps(LAMP_ROWS).with_columns(
        measured_at=pl.col("measured_at") - pl.duration(minutes=pl.col("seq") % 180),
        time_quality=quality.cast(reading_schema("streetlight")["time_quality"]),
        temp_c=pl.when(pl.col("seq") % 3 == 0).then(-0.0),
        seq=pl.when(pl.col("seq") % 5 > 0).then("seq"),
    )
    store.write(ReadingBatch("streetlight", rows))
    RollupKeeper(store).run(NEWEST_MS + DAY_MS)
    vehicle = dict.fromkeys(EVENT_SCHEMA["vehicles"].inner.to_schema()) | {
        "vehicle_class": "car",
        "speed_kmh": 50.1,
    }
    event = dict.fromkeys(EVENT_SCHEMA) | {
        "device": "T1", "area": "tam-ky", "kind": "traffic-camera", "type": "passage", "received_at": 7_000,
        "time_quality": "ok",
    }  # fmt: skip
    said = [
        event | {"id": "e1", "measured_at": 6_000, "vehicles": [vehicle | {"plate": "92A-1"}], "images": []},
        event | {"id": 'e "2"\\', "measured_at": 7_000, "time_quality": "absent", "detail": "loa\nhỏng"},
    ]
    raw = {name: pl.Int64 if name.endswith("_at") else dtype for name, dtype in EVENT_SCHEMA.items()}
    store.write_events(pl.DataFrame(said, schema=raw).cast(pl.Schema(EVENT_SCHEMA)))
    return store


@pytest.fixture
def databases(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with temporary_database(server.url) as one, temporary_database(server.url) as other:
        yield {
            "postgresql": one,
            "postgresql again": other,
            "sqlite": sqlite_url(tmp_path / "o.db"),
            "sqlite again": sqlite_url(tmp_path / "p.db"),
        }


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    database = filled(OperationsDatabase.open(sqlite_url(tmp_path / "source.db")))
    store = written(DuckdbTelemetryStore(tmp_path / "source.duckdb"))
    yield database, store
    store.close()
    database.close()


def backup_of(database: OperationsDatabase, store: AnyStore, folder: Path) -> Backup:
    with dump(database, store, program="1.2.3", now_ms=9_000) as made:
        *_, manifest = write_backup(folder, made, lambda: 10_000)
    assert isinstance(manifest, Manifest)
    return open_backup(folder)


@pytest.mark.own_postgres
@pytest.mark.parametrize(
    ("from_", "to"),
    [
        ("sqlite", "postgresql"),
        ("postgresql", "sqlite"),
        ("sqlite", "sqlite again"),
        ("postgresql", "postgresql again"),
    ],
)
def test_operations_restored_elsewhere_have_the_same_checksum(
    tmp_path: Path,
    databases: dict[str, str],
    source: Source,
    from_: str,
    to: str,
) -> None:
    database = filled(OperationsDatabase.open(databases[from_]))
    first = backup_of(database, source[1], tmp_path / "first")
    database.close()
    target = OperationsDatabase(databases[to])
    for _ in restore_operations(first, target):
        pass
    second = backup_of(target, source[1], tmp_path / "second")
    assert second.manifest.operations_sum == first.manifest.operations_sum
    assert second.manifest.plan.sequences == first.manifest.plan.sequences
    assert first.manifest.plan.positions == {"journal-1": 2}
    faults = FaultRepository(target)
    assert len(faults.list(FaultFilter()).items) == 2
    # The next one has the next number: rows were given theirs.
    tables = DetectionTables(target)
    tables.commit(outcome(raised("TK-L-0003"), number=3, dead_letters=letters((3, "malformed", b""))))
    assert faults.list(FaultFilter()).items[0].number == 3
    target.close()


def test_operations_dump_holds_every_table(source: Source) -> None:
    with dump(*source, program="1", now_ms=0) as (plan, chunks):
        rows = dict.fromkeys(plan.rows, 0)
        for chunk in chunks:
            rows[chunk.part] += chunk.frame.height
    assert rows == dict(plan.rows)
    assert rows["operations/devices"] == 4
    assert (rows["telemetry/streetlight"], rows["telemetry/events"]) == (LAMP_ROWS, 2)


@pytest.mark.influx
@pytest.mark.parametrize("to", ["duckdb", "influx"])
@pytest.mark.parametrize("from_", ["duckdb", "influx"])
def test_telemetry_restored_elsewhere_has_the_same_checksum(
    tmp_path: Path,
    influx_server: InfluxAddress,
    source: Source,
    from_: str,
    to: str,
) -> None:
    with ExitStack() as opened:
        buckets = [opened.enter_context(temporary_bucket(influx_server)) for _ in range(2)]
        servers = [
            opened.enter_context(closing(InfluxTelemetryStore(bucket, KEPT_FOR_GOOD))) for bucket in buckets
        ]
        embedded = opened.enter_context(closing(DuckdbTelemetryStore(tmp_path / "t.duckdb")))
        origin = written(servers[0]) if from_ == "influx" else source[1]
        first = backup_of(source[0], origin, tmp_path / "first")
        target: AnyStore = servers[1] if to == "influx" else embedded
        chunks = list(restore_telemetry(first, target))
        parts = first.manifest.parts
        assert sum(chunk.frame.height for chunk in chunks) == 2 * sum(
            part.rows for name, part in parts.items() if name.startswith("telemetry/")
        )
        assert parts["telemetry/streetlight"].rows == LAMP_ROWS
        assert parts["telemetry/streetlight.1m"].rows > 100
        assert parts["telemetry/streetlight.1h"].rows > 3
        second = backup_of(source[0], target, tmp_path / "second")
        assert second.manifest.telemetry_sum == first.manifest.telemetry_sum
        # What was marked on the way is made anew, and is the same.
        assert RollupKeeper(target).run(NEWEST_MS + DAY_MS) > 100
        third = backup_of(source[0], target, tmp_path / "third")
        assert third.manifest.telemetry_sum == first.manifest.telemetry_sum


def test_history_of_which_no_reading_is_left_survives_a_backup(source: Source, tmp_path: Path) -> None:
    kept = Retention()
    later_ms = NEWEST_MS + 40 * DAY_MS
    month = WindowQuery(
        kind="streetlight", fields=["power_w"], aggregate=Aggregate.SUM, every_ms=3_600_000,
        from_ms=NEWEST_MS - DAY_MS, to_ms=NEWEST_MS, group_by=GroupBy.KIND,
    )  # fmt: skip
    before = source[1].windows(month)
    assert before.height > 2
    assert expired(source[1], kept, later_ms) > 0
    assert source[1].counts()["streetlight"] == 0
    first = backup_of(*source, tmp_path / "first")
    with closing(DuckdbTelemetryStore(tmp_path / "t.duckdb", kept)) as target:
        assert list(restore_telemetry(first, target))
        assert_frame_equal(target.windows(month), before)
        RollupKeeper(target).run(later_ms)
        assert_frame_equal(target.windows(month), before)


def test_dump_over_the_wire_is_the_same_dump(source: Source) -> None:
    with dump(*source, program="1", now_ms=0) as made:
        wire = b"".join(packed(made))
    plan, chunks = unpacked(iter([wire[i : i + 1_000] for i in range(0, len(wire), 1_000)]))
    with dump(*source, program="1", now_ms=0) as (same, expected):
        assert plan == same
        assert [(c.part, c.number, c.sum) for c in chunks] == [(c.part, c.number, c.sum) for c in expected]


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.999])
def test_dump_that_breaks_off_says_so(source: Source, tmp_path: Path, kept: float) -> None:
    with dump(*source, program="1", now_ms=0) as made:
        wire = b"".join(packed(made))

    def received() -> list[Chunk | Manifest]:
        return list(write_backup(tmp_path / "b", unpacked(iter([wire[: int(len(wire) * kept)]])), lambda: 0))

    with pytest.raises(DumpBrokenError, match="begin again"):
        received()
    with pytest.raises(BackupDamagedError):
        open_backup(tmp_path / "b")


def test_backup_is_for_its_owner_alone(source: Source, tmp_path: Path) -> None:
    backup_of(*source, tmp_path / "b")
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "b").rglob("*.parquet"))
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0


def test_backup_into_a_folder_in_use_is_refused(source: Source, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine").touch()
    with pytest.raises(BackupError, match="empty folder"):
        backup_of(*source, tmp_path / "b")


def test_restore_into_a_store_in_use_is_refused(source: Source, tmp_path: Path) -> None:
    made = backup_of(*source, tmp_path / "b")
    with pytest.raises(TargetNotEmptyError, match="operations database has rows in"):
        list(restore_operations(made, source[0]))
    with pytest.raises(TargetNotEmptyError, match="1000 rows of streetlight"):
        list(restore_telemetry(made, source[1]))


@pytest.mark.parametrize("part", ["operations/faults", "telemetry/streetlight"])
@pytest.mark.parametrize("where", [0.02, 0.4, 0.6, 0.97])
def test_flipped_bit_is_noticed_before_anything_is_restored(
    source: Source, tmp_path: Path, part: str, where: float
) -> None:
    made = backup_of(*source, tmp_path / "b")
    file = tmp_path / "b" / f"{part}.parquet"
    content = bytearray(file.read_bytes())
    content[int(len(content) * where)] ^= 0x10
    file.write_bytes(content)
    try:
        found = [chunk.sum for chunk in made.chunks(part)]
    except BackupDamagedError as error:
        assert part in str(error) or file.name in str(error)  # noqa: PT017 - a bit that means nothing changes nothing
    else:
        assert found == [chunk.sum for chunk in made.manifest.parts[part].chunks]


def test_missing_file_and_changed_manifest_are_noticed(source: Source, tmp_path: Path) -> None:
    made = backup_of(*source, tmp_path / "b")
    manifest = tmp_path / "b" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"finished_ms": 10000', '"finished_ms": 10001'))
    with pytest.raises(BackupDamagedError, match="was changed"):
        open_backup(tmp_path / "b")
    (tmp_path / "b" / "telemetry" / "events.parquet").unlink()
    with pytest.raises(BackupDamagedError, match=r"events\.parquet"):
        list(check_backup(made))


def changed(backup: Backup, **plan: Any) -> Backup:
    manifest = msgspec.structs.replace(
        backup.manifest, plan=msgspec.structs.replace(backup.manifest.plan, **plan)
    )
    sealed = msgspec.structs.replace(manifest, seal=manifest.sealed())
    (backup.folder / "manifest.json").write_bytes(msgspec.json.encode(sealed))
    return open_backup(backup.folder)


def test_backup_of_a_newer_program_is_refused(source: Source, tmp_path: Path) -> None:
    made = backup_of(*source, tmp_path / "b")
    check_known(made)
    with pytest.raises(BackupTooNewError, match=r"1\.2\.3.*schema '9999'"):
        check_known(changed(made, schema="9999"))
    with pytest.raises(BackupTooNewError, match="format 2"):
        changed(made, format=2)


def test_backup_of_an_older_schema_is_restored_and_brought_up_to_date(source: Source, tmp_path: Path) -> None:
    old = OperationsDatabase(sqlite_url(tmp_path / "old.db"))
    old.migrate("0003")
    with old.write() as connection:
        connection.exec_driver_sql("INSERT INTO detection_position VALUES ('j', 7, x'00')")
    made = backup_of(old, source[1], tmp_path / "b")
    assert made.manifest.plan.schema == "0003"
    target = OperationsDatabase(sqlite_url(tmp_path / "new.db"))
    for _ in restore_operations(made, target):
        pass
    assert target.condition().is_ours
    assert DetectionTables(target).load("j").position is not None
    target.close()
    old.close()


def test_parts_are_named_by_what_they_hold(source: Source, tmp_path: Path) -> None:
    made = backup_of(*source, tmp_path / "b")
    assert {name.removeprefix(OPERATIONS) for name in made.columns(OPERATIONS)} >= {
        "faults",
        "audit",
        "counters",
    }
