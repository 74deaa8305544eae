"""`ioc store backup`, `verify` and `restore` on the embedded stores."""

import shutil
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from api.auth import Role
from app.commands.store import COMMAND
from app.data_directory import DataDirectory
from app.settings import ServiceSettings
from app.wiring import Stores
from collector.fates import Tally
from collector.journal import Consumer
from devices.batch import ReadingBatch
from devices.stream import Position
from store.operations.detection import DetectionTables
from store.operations.keys import KeyRepository
from tests.store.operations.support import outcome, raised
from tests.store.readings import many_lamps


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(COMMAND, list(arguments))
    return done.exit_code, done.output + str(done.exception or "")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with readings, a fault, and a journal that detection has read to its 5th entry."""
    directory = DataDirectory(tmp_path / "data")
    stores = Stores(directory, ServiceSettings(data_dir=directory.path))
    frame = many_lamps(500)
    stores.telemetry.write(ReadingBatch("streetlight", frame))
    batch = ReadingBatch("streetlight", frame.head(1))
    for _ in range(5):
        stores.journal.append([batch], Tally(), 1_000, messages=1)
    stores.journal.advance(Consumer.DETECTION, 5)
    DetectionTables(stores.operations).commit(outcome(raised(), number=5, journal=stores.journal.id))
    KeyRepository(stores.operations).create("anna", Role.ADMIN, who="test", at_ms=1)
    stores.close()
    directory.release()
    return directory.path


def test_backup_restored_on_an_empty_machine_is_the_same_and_detection_goes_on(
    data: Path, tmp_path: Path
) -> None:
    status, first = run("backup", str(tmp_path / "b"), "--data", str(data))
    assert status == 0, first
    assert "not in it: 5 journal entries for telemetry, 0 for detection" in first
    status, said = run("restore", str(tmp_path / "b"), "--data", str(tmp_path / "new"))
    assert status == 0, said
    status, second = run("backup", str(tmp_path / "again"), "--data", str(tmp_path / "new"))
    sums = [line for line in first.splitlines() if line.startswith(("operations", "telemetry"))]
    assert len(sums) == 2
    assert set(sums) <= set(second.splitlines())
    old, new = (opened(path) for path in (data, tmp_path / "new"))
    assert new[0] == old[0]
    assert new[1] == Position(old[0], 5)
    assert new[2] == 6


def opened(path: Path) -> tuple[str, Position | None, int]:
    """The journal's id, where detection stands, and the number of the next entry."""
    directory = DataDirectory(path)
    stores = Stores(directory, ServiceSettings(data_dir=path))
    snapshot = DetectionTables(stores.operations).load(stores.journal.id)
    (entry,) = stores.journal.append([ReadingBatch("streetlight", many_lamps(1))], Tally(), 1, messages=1)
    assert [found.number for found in stores.journal.read(entry.number - 1, 9)] == [entry.number]
    stores.close()
    directory.release()
    return stores.journal.id, snapshot.position, entry.number


def test_restore_into_a_data_directory_in_use_is_refused_in_one_sentence(data: Path, tmp_path: Path) -> None:
    assert run("backup", str(tmp_path / "b"), "--data", str(data))[0] == 0
    status, said = run("restore", str(tmp_path / "b"), "--data", str(data))
    assert status == 1
    assert "into empty stores only" in said


def test_restore_looks_at_operations_before_it_fills_telemetry(data: Path, tmp_path: Path) -> None:
    assert run("backup", str(tmp_path / "b"), "--data", str(data))[0] == 0
    new = tmp_path / "new"
    new.mkdir()
    shutil.copyfile(data / "operations.db", new / "operations.db")
    status, said = run("restore", str(tmp_path / "b"), "--data", str(new))
    assert status == 1
    assert "operations database has rows" in said
    assert not (new / "telemetry").exists()


def test_backup_with_a_journal_that_cannot_be_read_does_not_claim_to_have_all(
    data: Path, tmp_path: Path
) -> None:
    (journal,) = data.glob("journal*.db")
    for beside in data.glob(f"{journal.name}-*"):
        beside.unlink()
    journal.write_bytes(b"no database at all" * 1_000)
    status, said = run("backup", str(tmp_path / "b"), "--data", str(data))
    assert status == 0, said
    assert "may be missing: the journal cannot be read" in said
    manifest = msgspec.json.decode((tmp_path / "b" / "manifest.json").read_bytes())
    assert "cannot be read" in manifest["plan"]["backlog"]["unknown"]


def test_backup_while_a_service_holds_the_stores_says_whom_to_ask(data: Path, tmp_path: Path) -> None:
    holder = DataDirectory(data)
    status, said = run("backup", str(tmp_path / "b"), "--data", str(data))
    holder.release()
    assert status == 1
    assert "--url" in said


def test_verify_names_what_is_damaged(data: Path, tmp_path: Path) -> None:
    assert run("backup", str(tmp_path / "b"), "--data", str(data))[0] == 0
    assert run("verify", str(tmp_path / "b"))[0] == 0
    (tmp_path / "b" / "operations" / "faults.parquet").write_bytes(b"PAR1")
    status, said = run("verify", str(tmp_path / "b"))
    assert status == 1
    assert "faults.parquet" in said


def test_service_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    status, said = run("backup", str(tmp_path / "b"), "--url", "http://127.0.0.1:9")
    assert status == 1
    assert "does not answer" in said


def test_copy_out_of_a_backup_into_another_data_directory(data: Path, tmp_path: Path) -> None:
    assert run("backup", str(tmp_path / "b"), "--data", str(data))[0] == 0
    noted = ("--checkpoint", str(tmp_path / "c.json"))
    target = f"duckdb:{tmp_path / 'other'}"
    status, said = run("copy", "--from", f"backup:{tmp_path / 'b'}", "--to", target, *noted)
    assert (status, "500 rows copied" in said) == (0, True), said
    status, said = run("copy", "--from", target, "--to", f"duckdb:{tmp_path / 'third'}", *noted)
    assert (status, "500 rows copied" in said) == (0, True), said


@pytest.mark.parametrize("place", ["sqlite:x", "influxdb+http://h:1/only", "influxdb+ftp://h/o/b"])
def test_place_that_cannot_be_understood_is_refused_with_the_grammar(place: str, tmp_path: Path) -> None:
    status, said = run(
        "copy", "--from", f"duckdb:{tmp_path}", "--to", place, "--checkpoint", str(tmp_path / "c")
    )
    assert status == 1
    assert "influxdb+http://HOST:8086/ORG/BUCKET" in said
