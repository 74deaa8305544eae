"""`ioc evidence verify`: status 0 when whole, 1 with the first broken link, 2 when it could not look."""

from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.commands.evidence import COMMAND
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.review_desk import ReviewDesk
from tests.store.operations.support import outcome, suspected


@pytest.fixture
def data(tmp_path: Path) -> Path:
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    DetectionTables(database).commit(outcome(suspected()))
    ReviewDesk(database).seal_new(0)
    database.close()
    return tmp_path


def run(*arguments: str, data: Path) -> tuple[int, str]:
    answer = CliRunner().invoke(COMMAND, [*arguments, "--data", str(data)])
    return answer.exit_code, answer.output


def test_whole_evidence_ends_well_and_prints_its_head(data: Path) -> None:
    status, output = run("verify", data=data)
    assert (status, "whole: 1 links, 0 pictures; head 1:" in output) == (0, True)
    head = run("head", data=data)[1].strip()
    assert run("verify", "--head", head, data=data)[0] == 0


def test_tampered_evidence_ends_badly_and_names_the_link(data: Path) -> None:
    database = OperationsDatabase.open(sqlite_url(data / "operations.db"))
    with database.write() as connection:
        connection.execute(text("UPDATE violations SET lane = 2"))
    database.close()
    status, output = run("verify", "--json", str(data / "found.json"), data=data)
    assert (status, "link 1: lane of violation" in output) == (1, True)
    assert '"is_whole":false' in (data / "found.json").read_text()


@pytest.mark.parametrize("head", ["7", "x:1", "1:abc"])
def test_head_that_is_none_could_not_be_checked(data: Path, head: str) -> None:
    status, output = run("verify", "--head", head, data=data)
    assert (status, "NUMBER:HASH" in output) == (2, True)
