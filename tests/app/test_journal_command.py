"""`ioc journal`: what a person sees of a damaged journal, and what the command refuses."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from app.data_directory import DataDirectory
from collector.fates import Fate, Tally
from collector.sqlite_journal import SqliteJournal
from devices.stream import Mark
from tests.collector.support import lamp_batch


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    journal, tally = SqliteJournal(folder / "journal.db", 100_000_000), Tally()
    tally.add(Fate.RECEIVED, 3)
    batch = lamp_batch(*({"ts": 1000 + n, "seq": n, "power_w": 1.5} for n in range(3)))
    journal.append([batch, Mark(1_700_000_000_000, caught_up=True)], tally, 1_700_000_000_000, 3)
    journal.close()
    return folder


def damage(data: Path) -> None:
    connection = sqlite3.connect(data / "journal.db")
    with connection:
        connection.execute("UPDATE entries SET body = zeroblob(9) WHERE number = 1")
    connection.close()


def ioc(*words: str) -> Result:
    return CliRunner().invoke(cli, ["journal", *words])


def test_status_of_a_whole_journal_says_depth_and_positions(data: Path) -> None:
    ended = ioc("status", "--data", str(data))
    assert ended.exit_code == 0
    for words in ("1 to 2", "2023-11-14T22:13:20Z", "2 entries (at 0)", "of 2048 MB"):
        assert words in ended.output


def test_status_names_damaged_entries_and_the_command_that_helps(data: Path, tmp_path: Path) -> None:
    damage(data)
    ended = ioc("status", "--data", str(data), "--json", str(tmp_path / "status.json"))
    assert ended.exit_code == 1
    assert "entry 1: it does not match its checksum" in ended.output
    assert "ioc journal set-aside" in ended.output
    found = msgspec.json.decode((tmp_path / "status.json").read_bytes())
    assert (found["damaged"], found["lost_records"]) == (
        [{"number": 1, "why": "it does not match its checksum"}],
        3,
    )


def test_dry_run_changes_nothing_and_the_real_one_makes_the_journal_whole(data: Path) -> None:
    damage(data)
    before = (data / "journal.db").read_bytes()
    tried = ioc("set-aside", "--data", str(data), "--dry-run")
    assert (tried.exit_code, "nothing was changed" in tried.output) == (0, True)
    assert (data / "journal.db").read_bytes() == before
    assert not (data / "set-aside").exists()
    done = ioc("set-aside", "--data", str(data))
    assert (done.exit_code, "is kept in" in done.output) == (0, True)
    assert len(list((data / "set-aside").glob("journal-*/journal.db"))) == 1
    assert ioc("status", "--data", str(data)).exit_code == 0


def test_set_aside_refuses_while_a_service_holds_the_journal_and_status_does_not(data: Path) -> None:
    damage(data)
    holder = DataDirectory(data)
    service = SqliteJournal(holder.journal, 100_000_000)
    refused = ioc("set-aside", "--data", str(data))
    assert refused.exit_code == 1
    assert "is in use by process" in refused.output
    looked = ioc("status", "--data", str(data))
    assert "entry 1: it does not match its checksum" in looked.output
    service.close()
    holder.release()


@pytest.mark.parametrize("command", ["status", "set-aside"])
def test_command_without_a_journal_makes_none(command: str, tmp_path: Path) -> None:
    ended = ioc(command, "--data", str(tmp_path / "elsewhere"))
    assert ended.exit_code == 1
    assert "there is no journal" in ended.output
    assert not (tmp_path / "elsewhere").exists()
