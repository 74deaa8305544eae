"""The ledger: what was written is read, and nothing else is taken for one."""

from pathlib import Path

import pytest

from simulators.load.errors import LedgerError
from simulators.load.ledger import Acknowledged, LedgerWriter, Run, begin_ledger, read_ledger


def test_runs_of_two_processes_are_read_as_messages(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    begin_ledger(path, ["a", "b", "c", "d", "e"], 2)
    first, second = LedgerWriter(path), LedgerWriter(path)
    first.add(Run(0, 3, 1000, 7))
    second.add(Run(1, 1, 2000, 8))
    second.close()
    first.close()
    assert sorted(read_ledger(path)) == [
        Acknowledged("a", 1000, 7),
        Acknowledged("b", 2000, 8),
        Acknowledged("c", 1000, 7),
        Acknowledged("e", 1000, 7),
    ]


def test_many_runs_reach_the_file_before_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    begin_ledger(path, ["a"], 1)
    writer = LedgerWriter(path)
    for seq in range(400):
        writer.add(Run(0, 1, 5, seq))
    assert len(list(read_ledger(path))) >= 200
    writer.close()
    assert [message.seq for message in read_ledger(path)] == list(range(400))


def test_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(b'{"format": "something"}\n')
    with pytest.raises(LedgerError, match="no ledger"):
        list(read_ledger(path))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(LedgerError, match="no ledger"):
        list(read_ledger(path))


def test_ledger_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    begin_ledger(path, ["a"], 1)
    with path.open("ab") as file:
        file.write(b"x" * 23)
    with pytest.raises(LedgerError, match="cut off"):
        list(read_ledger(path))


def test_ledger_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be written"):
        begin_ledger(tmp_path / "missing" / "ledger", [], 1)
