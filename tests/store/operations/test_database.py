"""One schema, one clear sentence when it cannot be had, and transactions that are all or nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from store.operations.counters import Counter, allocate
from store.operations.database import OperationsDatabase, migrate, sqlite_url
from store.operations.errors import OperationsSetupError, OperationsUnavailableError
from store.operations.tables import metadata


def test_migrations_make_exactly_the_tables_of_the_program(database: OperationsDatabase) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_every_counter_has_its_row(database: OperationsDatabase) -> None:
    with database.write() as connection:
        assert [list(allocate(connection, counter, 2)) for counter in Counter] == [[1, 2]] * len(Counter)
        assert list(allocate(connection, Counter.FAULT, 0)) == []


def test_migrating_again_changes_nothing(database: OperationsDatabase, database_url: str) -> None:
    with database.write() as connection:
        allocate(connection, Counter.FAULT, 5)
    migrate(database_url)
    with database.write() as connection:
        assert list(allocate(connection, Counter.FAULT, 1)) == [6]


def test_schema_of_a_newer_program_is_refused_with_one_sentence(
    database: OperationsDatabase, database_url: str
) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        OperationsSetupError, match=r"schema '9999', newer than '\d{4}'.* install the version"
    ):
        OperationsDatabase.open(database_url)


def test_folder_that_does_not_exist_is_refused_with_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        OperationsSetupError, match=r"operations\.db cannot be opened for writing .*folder must exist"
    ):
        OperationsDatabase.open(sqlite_url(tmp_path / "missing" / "operations.db"))


def test_file_that_is_no_database_is_refused_with_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "operations.db"
    path.write_text("a letter to the mayor, long enough to be no empty file " * 40)
    with pytest.raises(OperationsSetupError, match="not a database"):
        OperationsDatabase.open(sqlite_url(path))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite://", "give SQLite a file"),
        ("sqlite:///:memory:", "give SQLite a file"),
        ("mysql://somewhere/x", "SQLite or PostgreSQL, got 'mysql'"),
        ("not a url", "cannot be used"),
    ],
)
def test_url_that_cannot_work_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(OperationsSetupError, match=sentence):
        OperationsDatabase(url)


def test_sqlite_is_durable_concurrent_and_strict(tmp_path: Path) -> None:
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    with database.read() as connection:
        for name, value in wanted.items():
            assert connection.exec_driver_sql(f"PRAGMA {name}").scalar() == value, name
    database.close()


def test_sqlite_files_are_readable_by_the_service_alone(tmp_path: Path) -> None:
    database = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    with database.write() as connection:
        allocate(connection, Counter.FAULT, 1)
        files = list(tmp_path.iterdir())
        assert len(files) == 3
        assert not any(file.stat().st_mode & 0o077 for file in files)
    database.close()


def test_write_that_raises_is_undone_and_gives_its_numbers_back(database: OperationsDatabase) -> None:
    def fail() -> None:
        with database.write() as connection:
            allocate(connection, Counter.REVISION, 3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.write() as connection:
        assert list(allocate(connection, Counter.REVISION, 1)) == [1]


def test_numbers_commit_in_order_without_gap_whatever_the_threads_do(database: OperationsDatabase) -> None:
    committed: list[int] = []
    committing = threading.Lock()

    def take(count: int) -> None:
        with database.write() as connection:
            numbers = allocate(connection, Counter.REVISION, count)
            with committing:
                committed.extend(numbers)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(take, [1, 2, 3] * 10))
    assert committed == list(range(1, 61))


def test_reader_is_not_held_up_by_a_writer(database: OperationsDatabase) -> None:
    with database.write() as writing:
        allocate(writing, Counter.FAULT, 1)
        database.check()
        with database.read() as reading:
            assert reading.execute(text("SELECT value FROM counters WHERE name = 'fault'")).scalar() == 0


def test_database_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    database = OperationsDatabase(sqlite_url(tmp_path / "missing" / "operations.db"))
    with pytest.raises(OperationsUnavailableError, match="unable to open"):
        database.check()
    database.close()


def test_every_table_can_be_written_for_postgresql() -> None:
    for table in metadata.sorted_tables:
        statement = str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
        assert f"CREATE TABLE {table.name}" in statement
