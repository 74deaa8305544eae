"""What only a server does: it ends transactions, goes away, refuses text and users, and comes back."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import make_url, text

from devices.registry import Registry
from devices.table_files import FileFormat
from store.operations.counters import Counter, allocate
from store.operations.database import OperationsDatabase
from store.operations.dead_letters import DeadLetterRepository
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.errors import (
    OperationsSetupError,
    OperationsUnavailableError,
    RegisteringRefusedError,
)
from store.operations.latest import LatestRepository
from store.operations.registrar import Author, ImportMode, ImportReport, Registrar
from store.operations.violations import ViolationFilter, ViolationRepository
from tests.postgres_server import PostgresServer, temporary_database
from tests.store.operations.support import lamp_readings, letters, outcome, suspected

pytestmark = pytest.mark.own_postgres


@pytest.fixture
def url(postgres_server: PostgresServer) -> Iterator[str]:
    with temporary_database(postgres_server.url) as own:
        yield own


@pytest.fixture
def server_database(url: str) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(url)
    yield opened
    opened.close()


def executed(url: str, *statements: str) -> None:
    database = OperationsDatabase(url)
    with database.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    database.close()


def test_text_that_postgresql_cannot_keep_does_not_stop_detection(
    server_database: OperationsDatabase,
) -> None:
    found = suspected("passage\0one", plate="92\0A", why={"vehicle": {"plate": "92\0A"}})
    DetectionTables(server_database).commit(
        outcome(found, dead_letters=letters((1, "not-json", b"\0")), states={"TK-L-0001": b"\0\xff"})
    )
    [violation] = ViolationRepository(server_database).list(ViolationFilter()).items
    assert (violation.event, violation.plate) == ("passage\ufffdone", "92\ufffdA")
    assert DeadLetterRepository(server_database).get(1).payload == b"\0"
    assert DetectionTables(server_database).load("journal-1").devices == {"TK-L-0001": b"\0\xff"}


def test_devices_are_listed_by_the_bytes_of_their_ids(server_database: OperationsDatabase) -> None:
    ids = ["b", "B", "a_1", "a-1", "A1", "a1"]
    rows = lamp_readings(*({"device": device, "measured_at": 5} for device in ids))
    DetectionTables(server_database).commit(outcome(latest=[rows]))
    assert [one.device for one in LatestRepository(server_database).list().items] == sorted(ids)


def test_deadlock_is_unavailable_for_one_and_success_for_the_other(
    server_database: OperationsDatabase,
) -> None:
    both_hold_one = threading.Barrier(2)

    def take(first: Counter, second: Counter) -> str:
        try:
            with server_database.write() as connection:
                allocate(connection, first, 1)
                both_hold_one.wait()
                allocate(connection, second, 1)
        except OperationsUnavailableError as error:
            return str(error)
        return "committed"

    with ThreadPoolExecutor(2) as threads:
        ends = [
            threads.submit(take, Counter.FAULT, Counter.VIOLATION),
            threads.submit(take, Counter.VIOLATION, Counter.FAULT),
        ]
        ended = sorted(end.result() for end in ends)
    assert ended[0] == "committed"
    assert "deadlock detected" in ended[1]


def test_changes_that_cannot_be_put_in_an_order_are_unavailable(server_database: OperationsDatabase) -> None:
    serializable = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"

    def overtaken() -> None:
        with server_database.write() as late:
            late.exec_driver_sql(serializable)
            late.execute(text("SELECT value FROM counters")).all()
            with server_database.write() as early:
                allocate(early, Counter.FAULT, 1)
            allocate(late, Counter.FAULT, 1)

    with pytest.raises(OperationsUnavailableError, match="could not serialize"):
        overtaken()


def test_server_that_only_reads_is_unavailable_and_mistakes_are_not(
    server_database: OperationsDatabase,
) -> None:
    def write(before: str) -> None:
        with server_database.write() as connection:
            connection.exec_driver_sql(before)
            allocate(connection, Counter.FAULT, 1)

    with pytest.raises(OperationsUnavailableError, match="read-only"):
        write("SET TRANSACTION READ ONLY")
    with pytest.raises(Exception, match="does not exist") as mistake:
        write("SELECT nothing FROM nowhere")
    assert not isinstance(mistake.value, OperationsUnavailableError)


def test_server_that_crashes_is_unavailable_until_it_is_back(
    postgres_server: PostgresServer, server_database: OperationsDatabase
) -> None:
    with server_database.write() as connection:
        allocate(connection, Counter.FAULT, 5)
    postgres_server.stop("immediate")
    try:
        for _ in range(2):
            with pytest.raises(OperationsUnavailableError, match="does not serve"):
                server_database.check()
    finally:
        postgres_server.start()
    with server_database.write() as connection:
        assert list(allocate(connection, Counter.FAULT, 1)) == [6]


def test_server_stopped_within_a_transaction_undoes_it(
    postgres_server: PostgresServer, server_database: OperationsDatabase
) -> None:
    def interrupted() -> None:
        with server_database.write() as connection:
            allocate(connection, Counter.FAULT, 5)
            postgres_server.stop()
            postgres_server.start()

    with pytest.raises(OperationsUnavailableError):
        interrupted()
    with server_database.write() as connection:
        assert list(allocate(connection, Counter.FAULT, 1)) == [1]


def test_wrong_password_is_refused_without_saying_the_right_one(url: str) -> None:
    wrong = make_url(url).set(password="guess")
    with pytest.raises(OperationsSetupError, match="password authentication failed") as refused:
        OperationsDatabase.open(wrong.render_as_string(hide_password=False))
    assert "guess" not in str(refused.value)


def test_user_who_may_create_nothing_is_refused_with_one_sentence(url: str) -> None:
    executed(url, "DROP ROLE IF EXISTS reader", "CREATE ROLE reader LOGIN PASSWORD 'x'")
    reader = make_url(url).set(username="reader", password="x")
    with pytest.raises(OperationsSetupError, match=r"permission denied.* must own the database"):
        OperationsDatabase.open(reader.render_as_string(hide_password=False))


def test_database_without_unicode_is_refused_with_what_to_do(postgres_server: PostgresServer) -> None:
    options = "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    refused = pytest.raises(OperationsSetupError, match="must keep UTF8, got 'LATIN1'; CREATE DATABASE")
    with temporary_database(postgres_server.url, options) as latin, refused:
        OperationsDatabase.open(latin)


SWITCH = b"id,kind,area\nS1,switch,tam-ky\n"
ANOTHER_SWITCH = b"id,kind,area\nS2,switch,tam-ky\n"
ACCESS_POINT = b"id,kind,area,uplink\nW1,wifi-ap,tam-ky,S1\n"


class HoldsStill(DeviceRepository):
    """Devices whose reader stops when it has read, until it is let go."""

    def __init__(self, database: OperationsDatabase) -> None:
        super().__init__(database)
        self.has_read, self.may_go_on = threading.Event(), threading.Event()

    def load(self) -> Registry:
        registry = super().load()
        self.has_read.set()
        assert self.may_go_on.wait(30)
        return registry


def test_two_servers_do_not_let_in_what_the_other_makes_wrong(
    server_database: OperationsDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Registrar(server_database), Registrar(server_database)
    anna = Author(who="anna", at_ms=5)
    first.import_devices(SWITCH, FileFormat.CSV, ImportMode(), anna)
    slow = HoldsStill(server_database)
    monkeypatch.setattr(first, "_devices", slow)
    with ThreadPoolExecutor(2) as pool:
        # One takes the switch away, and has read what stands; the other hangs an access point on it.
        without = pool.submit(
            first.import_devices, ANOTHER_SWITCH, FileFormat.CSV, ImportMode(replace=True), anna
        )
        assert slow.has_read.wait(30)
        hung = pool.submit(second.import_devices, ACCESS_POINT, FileFormat.CSV, ImportMode(), anna)
        wait_for_lock_or_end(server_database, hung)
        slow.may_go_on.set()
        assert without.result().removed == ["S1"]
        with pytest.raises(RegisteringRefusedError):
            hung.result()
    assert set(DeviceRepository(server_database).load()) == {"S2"}


def wait_for_lock_or_end(database: OperationsDatabase, work: Future[ImportReport]) -> None:
    """Return when the work is done, or a transaction waits for another."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not work.done():
        with database.read() as connection:
            if connection.execute(waiting).scalar_one():
                return
