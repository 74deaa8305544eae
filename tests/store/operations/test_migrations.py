"""Every older database becomes one of this program, with what stood in it."""

from collections.abc import Callable
from datetime import date, time
from typing import Any

import alembic.command
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from devices.entities.broadcast_programmes import ENTITY as PROGRAMMES
from devices.programmes import BroadcastProgramme
from store.operations.database import OperationsDatabase
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.entities import EntityRepository
from store.operations.incident_tables import incidents
from store.operations.latest import LatestRepository
from store.operations.review_tables import evidence_links
from store.operations.stream import OutgoingStream
from store.operations.tables import metadata
from tests.store.operations.support import outcome, raised

OLDER = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
)


@pytest.fixture
def make_older(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the database as an older program did, and executes statements in it."""

    def make(revision: str, *statements: str) -> None:
        def upgrade(config: Config, _revision: str, **options: Any) -> None:
            really_upgrade(config, revision, **options)

        really_upgrade = alembic.command.upgrade
        with monkeypatch.context() as patched:
            patched.setattr(alembic.command, "upgrade", upgrade)
            database = OperationsDatabase.open(database_url)
        with database.write() as connection:
            for statement in statements:
                connection.execute(text(statement.replace(":", "\\:")))
        database.close()

    return make


@pytest.mark.parametrize("revision", OLDER)
def test_database_of_an_older_program_becomes_exactly_ours(
    revision: str, make_older: Callable[..., None], database_url: str
) -> None:
    make_older(revision)
    database = OperationsDatabase.open(database_url)
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert incidents.metadata is metadata  # every module of tables is imported
        assert evidence_links.metadata is metadata
        assert compare_metadata(context, metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}
    database.close()


def test_rows_of_the_first_program_are_kept(make_older: Callable[..., None], database_url: str) -> None:
    make_older(
        "0001",
        "INSERT INTO broadcast_programmes VALUES"
        " ('m', 'tam-ky', 'Sáng', '[0, 4]', '05:00:00', '05:30:15', '2026-01-01', NULL)",
        "INSERT INTO devices (id, rank, kind, area, name, area_legacy, street, latitude, longitude,"
        " interval_s, life, vendor_ids, attributes)"
        " VALUES ('F1', 0, 'feeder', 'tam-ky', '', '', '', 0, 0, 300, 'in-service', '[]', '{}')",
        "INSERT INTO latest_state (device, kind, area, measured_at_ms, received_at_ms, time_quality,"
        " values_json) VALUES ('F1', 'feeder', 'tam-ky', 1, 2, 'ok', '{\"load_a\": 3.5}')",
    )
    database = OperationsDatabase.open(database_url)
    [programme] = EntityRepository(database).load(PROGRAMMES)
    [latest] = LatestRepository(database).list().items
    assert list(DeviceRepository(database).load()) == ["F1"]
    database.close()
    assert latest.values == {"load_a": 3.5}
    assert programme == BroadcastProgramme(
        id="m",
        area="tam-ky",
        title="Sáng",
        weekdays=frozenset({0, 4}),
        starts=time(5),
        ends=time(5, 30, 15),
        valid_from=date(2026, 1, 1),
    )


def test_database_of_the_previous_program_keeps_its_last_tables_rows(
    make_older: Callable[..., None], database_url: str
) -> None:
    make_older(
        "0003",
        "INSERT INTO dead_letters (row, journal, entry, entry_row, reason, detail, topic, payload,"
        " payload_bytes, received_at_ms) VALUES (7, 'j', 1, 0, 'not-json', '', 't', '', 0, 1)",
        "INSERT INTO dead_letter_replays (letter, requested_at_ms, requested_by, state)"
        " VALUES (7, 1, 'anna', 'waiting')",
    )
    database = OperationsDatabase.open(database_url)
    with database.read() as connection:
        assert connection.execute(text("SELECT letter FROM dead_letter_replays")).scalar_one() == 7
    database.close()


def test_revisions_of_before_are_numbers_of_the_stream(
    make_older: Callable[..., None], database_url: str
) -> None:
    make_older(
        "0004",
        "INSERT INTO changes (revision, at_ms, type, id, area, kind, change, body)"
        " VALUES (7, 1, 'fault', 'x', 'tam-ky', 'streetlight', 'raised', '{}')",
        "UPDATE counters SET value = 7 WHERE name = 'revision'",
    )
    database = OperationsDatabase.open(database_url)
    stream = OutgoingStream(database)
    assert [one.stream_seq for one in stream.after(6, 10)] == [7]
    assert stream.number() == 0
    DetectionTables(database).commit(outcome(raised()))
    assert stream.number() == 1
    assert stream.last() == 8
    database.close()
