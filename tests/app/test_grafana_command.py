"""`ioc grafana` as a person types it."""

from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from app.commands.grafana import COMMAND
from store.operations.database import OperationsDatabase
from tests.postgres_server import PostgresServer, temporary_database

RUNNER = CliRunner()


def test_role_wants_a_password_and_a_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "password"
    done = RUNNER.invoke(COMMAND, ["role", "--password-file", str(secret)])
    assert "--password-file: no password" in str(done.exception)
    secret.write_text("quiet words\n")
    monkeypatch.setenv("IOC_DATA_DIR", str(tmp_path))
    done = RUNNER.invoke(COMMAND, ["role", "--password-file", str(secret)])
    assert "kept by PostgreSQL, got 'sqlite'" in str(done.exception)
    assert list(tmp_path.iterdir()) == [secret]


@pytest.mark.postgres
def test_role_is_made_and_named_with_what_it_may_read(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "password"
    secret.write_text("quiet words\n")
    with temporary_database(postgres_server.url) as url:
        monkeypatch.setenv("IOC_OPERATIONS_URL", url)
        early = RUNNER.invoke(COMMAND, ["role", "--password-file", str(secret), "--name", "ioc_wall"])
        assert "start the service once" in str(early.exception)
        database = OperationsDatabase.open(url)
        done = RUNNER.invoke(COMMAND, ["role", "--password-file", str(secret), "--name", "ioc_wall"])
        assert done.exit_code == 0, done.exception
        assert "'ioc_wall' may read report.dead_letters, report.devices" in done.output
        assert "quiet" not in done.output
        with database.write() as connection:
            connection.execute(text("DROP OWNED BY ioc_wall"))
            connection.execute(text("DROP ROLE ioc_wall"))
        database.close()
