"""`ioc privacy erase` refuses what would erase more than one plate."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.commands.privacy import COMMAND


@pytest.mark.parametrize("typed", ["92A", "9", "---"])
def test_beginning_of_a_plate_is_refused(tmp_path: Path, typed: str) -> None:
    words = ["erase", "--plate", "--who", "dpo", "--yes", "--data", str(tmp_path)]
    result = CliRunner().invoke(COMMAND, words, input=f"{typed}\n")
    assert result.exit_code == 1
    assert "a whole plate has" in str(result.exception)
    assert typed not in str(result.exception)
