"""What is old is forgotten, and nothing that somebody may still ask for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from app.management_job import ManagementJob
from app.operations_purge import OperationsPurge
from app.settings import ServiceSettings
from devices.clock import SteppedClock
from devices.registry import Device, Registry
from store.operations.changes import ChangeFeed
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.errors import NoSuchRecordError
from store.operations.incident_tables import incident_history
from store.operations.incidents import IncidentFilter, IncidentRepository
from store.operations.links import LinkRecord, LinkRepository, append_links
from store.operations.outbox import NewNotification, Outbox, append_notifications
from store.operations.stream import OutgoingStream
from store.operations.tables import changes, outgoing
from tests.store.operations.support import cleared, outcome, raised

DAY_MS = 86_400_000
START_MS = 1_795_348_800_000
REAL_MS = 1_800_000_000_000
LAMPS = ["L-0", "L-1", "L-2"]
REGISTRY = Registry(
    Device(id=lamp, kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0}) for lamp in LAMPS
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(sqlite_url(tmp_path / "operations.db"))
    yield opened
    opened.close()


def purge(database: OperationsDatabase, tmp_path: Path) -> OperationsPurge:
    settings = ServiceSettings(data_dir=tmp_path, changes_days=2, incident_history_days=10)
    return OperationsPurge(database, settings, SteppedClock(REAL_MS))


def raise_at(database: OperationsDatabase, *lamps: str, at_ms: int, number: int) -> None:
    faults = [raised(lamp, since_ms=at_ms, detected_at_ms=at_ms, raised_at_ms=at_ms) for lamp in lamps]
    DetectionTables(database).commit(outcome(*faults, number=number))


def test_changes_older_than_their_days_go_with_their_numbers_and_streams_go_on(
    database: OperationsDatabase, tmp_path: Path
) -> None:
    stream, feed = OutgoingStream(database), ChangeFeed(database)
    raise_at(database, "L-0", at_ms=START_MS, number=1)
    raise_at(database, "L-1", at_ms=START_MS + DAY_MS, number=2)
    raise_at(database, "L-2", at_ms=START_MS + 3 * DAY_MS, number=3)
    stream.number()
    before = stream.last()
    job = purge(database, tmp_path)
    job.run(START_MS + 2 * DAY_MS + 1)
    assert [out.stream_seq for out in stream.after(0, 100)] == [2, 3]
    job.run(START_MS + 100 * DAY_MS)
    # The newest stays, so that its number is not used again and whoever follows sees where it stands.
    assert (stream.last(), feed.last_revision()) == (before, before)
    raise_at(database, "L-0", at_ms=START_MS + 100 * DAY_MS, number=4)
    stream.number()
    assert stream.last() == before + 1


def test_change_without_a_number_stays_however_old(database: OperationsDatabase, tmp_path: Path) -> None:
    raise_at(database, *LAMPS, at_ms=START_MS, number=1)
    purge(database, tmp_path).run(START_MS + 100 * DAY_MS)
    assert len(ChangeFeed(database).after(0, 100)) == 3
    OutgoingStream(database).number()
    assert [out.stream_seq for out in OutgoingStream(database).after(0, 100)] == [1, 2, 3]


def test_more_than_a_transaction_takes_goes_in_several(
    database: OperationsDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.operations.retention._AT_ONCE", 2)
    for number in range(6):
        raise_at(database, "L-0", at_ms=START_MS + number, number=number + 1)
    OutgoingStream(database).number()
    purge(database, tmp_path).run(START_MS + 100 * DAY_MS)
    with database.read() as connection:
        assert (_count(connection, changes), _count(connection, outgoing)) == (1, 1)


def test_history_of_what_is_over_goes_and_that_of_what_lasts_stays(
    database: OperationsDatabase, tmp_path: Path
) -> None:
    management = ManagementJob(database, lambda: REGISTRY, list)
    over, lasting = raised("L-0", since_ms=START_MS), raised("L-1", since_ms=START_MS)
    DetectionTables(database).commit(outcome(over, lasting))
    management.run(START_MS + 1_000)
    DetectionTables(database).commit(outcome(cleared(over, at_ms=START_MS + 2_000), number=2))
    management.run(START_MS + 3_000)
    incidents = IncidentRepository(database)
    found = {one.device: one.id for one in incidents.list(IncidentFilter()).items}
    job = purge(database, tmp_path)
    job.run(START_MS + 9 * DAY_MS)
    assert len(incidents.history(found["L-0"])) == 2
    job.run(START_MS + 11 * DAY_MS)
    assert incidents.history(found["L-0"]) == []
    assert len(incidents.history(found["L-1"])) == 1
    assert incidents.get(found["L-0"]).device == "L-0"
    with pytest.raises(NoSuchRecordError):
        incidents.history("7d1c8f8e-0000-4000-8000-000000000001")
    with database.read() as connection:
        assert _count(connection, incident_history) == 1


def test_expired_links_and_notifications_of_three_months_ago_go(
    database: OperationsDatabase, tmp_path: Path
) -> None:
    links = {
        hash_: LinkRecord(
            hash=hash_ * 64, incident="i", who="crew", language="vi", expires_real_ms=REAL_MS + after_ms
        )
        for hash_, after_ms in (("a", -1), ("b", 1))
    }
    with database.write() as connection:
        append_links(connection, list(links.values()))
        new = {"route": "r", "channel": "duty", "reason": "first", "facts": {}, "created_at_ms": 0}
        append_notifications(connection, [NewNotification(key=key, **new) for key in "xy"], 0)  # type: ignore[arg-type]
    outbox = Outbox(database)
    for entry, ended_ms in zip(outbox.list(), (REAL_MS - 91 * DAY_MS, REAL_MS - 89 * DAY_MS), strict=True):
        outbox.sent(entry.row, ended_ms)
    job = purge(database, tmp_path)
    job.run(START_MS)
    repository = LinkRepository(database)
    assert (repository.find("a" * 64), repository.find("b" * 64)) == (None, links["b"])
    assert len(outbox.list()) == 1
    [family] = job.collect()
    assert {sample.labels["what"]: sample.value for sample in family.samples} == {
        "changes": 0,
        "incident_history": 0,
        "notifications": 1,
        "links": 1,
    }


def _count(connection: Connection, table: object) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]
