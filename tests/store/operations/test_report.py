"""What dashboards read of PostgreSQL: views without personal data, and a role that reads nothing else."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import inspect, make_url, text
from sqlalchemy.engine import URL

from devices.registry import Device, Registry
from reports.kpis import Period, figures_of
from rules.lifecycle.deeds import Acknowledge
from rules.management.step import step
from rules.management.topology import Topology
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.errors import OperationsSetupError
from store.operations.fault_desk import FaultDesk
from store.operations.management import ManagementTables
from store.operations.report_names import REPORT_SCHEMA, REPORT_VIEWS
from store.operations.report_role import make_report_role
from store.operations.report_rows import ReportRows
from store.operations.tables import metadata
from tests.postgres_server import PostgresServer, temporary_database
from tests.rules.management.support import MINUTE_MS, START_MS, dependencies, small_city
from tests.store.operations.support import CAMERA, PLATE, cleared, outcome, raised, suspected

pytestmark = pytest.mark.postgres

PASSWORD = "reading'only\\"
HOUR_MS = 3_600_000
PERSONAL = {
    "acknowledged_by", "attributes", "closed_by", "comment", "event", "facts", "images", "payload", "plate",
    "plate_confidence", "resolved_by", "shelved_by", "topic", "vendor_ids", "who", "why",
}  # fmt: skip


@pytest.fixture
def server_url(postgres_server: PostgresServer) -> Iterator[str]:
    with temporary_database(postgres_server.url) as url:
        yield url


@pytest.fixture
def operations(server_url: str) -> Iterator[OperationsDatabase]:
    opened = OperationsDatabase.open(server_url)
    yield opened
    opened.close()


@pytest.fixture
def role(operations: OperationsDatabase, server_url: str) -> Iterator[tuple[URL, str]]:
    """The role's own way in, and its name."""
    url = make_url(server_url)
    name = f"reader_{url.database}"
    make_report_role(server_url, PASSWORD, name)
    yield url.set(drivername="postgresql", username=name, password=PASSWORD), name
    with operations.write() as connection:
        connection.execute(text(f'DROP OWNED BY "{name}"'))
        connection.execute(text(f'DROP ROLE "{name}"'))


def _as_role(role: tuple[URL, str]) -> psycopg.Connection[Any]:
    url = role[0]
    return psycopg.connect(
        host=url.host,
        port=url.port,
        dbname=url.database,
        user=url.username,
        password=url.password,
        autocommit=True,
    )


def _rows(operations: OperationsDatabase, question: str) -> list[dict[str, Any]]:
    with operations.read() as connection:
        return [dict(row) for row in connection.execute(text(question)).mappings()]


def test_role_reads_every_view(role: tuple[URL, str]) -> None:
    with _as_role(role) as connection:
        for view in REPORT_VIEWS:
            connection.execute(f"SELECT count(*) FROM report.{view}").fetchall()  # noqa: S608


def test_role_reads_no_table_and_no_other_schema(
    role: tuple[URL, str], operations: OperationsDatabase
) -> None:
    with operations.read() as connection:
        tables = inspect(connection).get_table_names()
    assert set(metadata.tables) <= set(tables)
    with _as_role(role) as connection:
        for table in tables:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f'SELECT 1 FROM public."{table}"')  # noqa: S608


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM report.faults",
        "UPDATE report.violations SET state = 'x'",
        "CREATE TABLE report.mine (a int)",
        "CREATE VIEW report.mine AS SELECT * FROM public.violations",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT rolpassword FROM pg_authid",
        "SET ROLE ioc",
    ],
)
def test_role_changes_nothing_and_is_nobody_else(role: tuple[URL, str], statement: str) -> None:
    with _as_role(role) as connection:
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)
        ):
            connection.execute(statement)


def test_role_is_made_again_with_another_password(role: tuple[URL, str], server_url: str) -> None:
    make_report_role(server_url, "another", role[1])
    with pytest.raises(psycopg.OperationalError, match="password"):
        _as_role(role)
    with _as_role((role[0].set(password="another"), role[1])) as connection:
        connection.execute("SELECT 1 FROM report.devices")


def test_role_that_may_more_is_left_alone(operations: OperationsDatabase, server_url: str) -> None:
    with pytest.raises(OperationsSetupError, match="may do more than read views"):
        make_report_role(server_url, "x", "ioc")
    assert _rows(operations, "SELECT 1 AS one") == [{"one": 1}]


def test_role_wants_postgresql(tmp_path: Any) -> None:
    with pytest.raises(OperationsSetupError, match="kept by PostgreSQL, got 'sqlite'"):
        make_report_role(sqlite_url(tmp_path / "operations.db"), "x")


def test_views_have_no_column_of_personal_data(operations: OperationsDatabase) -> None:
    with operations.read() as connection:
        found = inspect(connection)
        assert sorted(found.get_view_names(REPORT_SCHEMA)) == sorted(REPORT_VIEWS)
        for view in REPORT_VIEWS:
            columns = {column["name"] for column in found.get_columns(view, REPORT_SCHEMA)}
            assert not columns & PERSONAL, view


def test_no_view_shows_a_plate(operations: OperationsDatabase) -> None:
    DetectionTables(operations).commit(outcome(suspected(), raised()))
    shown = [_rows(operations, f"TABLE report.{view}") for view in REPORT_VIEWS]
    assert PLATE not in str(shown)
    assert "92A12345" not in str(shown)
    [violation] = _rows(operations, "SELECT * FROM report.violations")
    assert (violation["device"], violation["speed_kmh"], violation["limit_kmh"]) == (CAMERA, 71.5, 50.0)
    assert violation["occurred_at"].timestamp() == 5.0


def test_devices_show_their_worst_state(operations: OperationsDatabase) -> None:
    lamps = [Device(id=f"L-{number}", kind="streetlight", area="tam-ky", attributes={"rated_w": 60.0})
             for number in range(3)]  # fmt: skip
    DeviceRepository(operations).replace(Registry(lamps), who="test", at_ms=1)
    critical = raised("L-0", severity="critical")
    DetectionTables(operations).commit(
        outcome(critical, raised("L-0", rule="lamp.dim"), raised("L-1", rule="any.silent"))
    )
    states = {row["id"]: (row["state"], row["open_faults"], row["rated_w"])
              for row in _rows(operations, "SELECT * FROM report.devices")}  # fmt: skip
    assert states == {
        "L-0": ("critical", 2, 60.0),
        "L-1": ("silent", 1, 60.0),
        "L-2": ("never-seen", 0, 60.0),
    }


def test_kpis_are_the_figures_of_reports(operations: OperationsDatabase) -> None:
    cause = raised("C-1", rule="cabinet.supply_lost", kind="lighting-cabinet", since_ms=START_MS)
    other = raised("C-2", rule="cabinet.supply_lost", kind="lighting-cabinet", since_ms=START_MS + 1)
    tables, known = ManagementTables(operations), dependencies()
    topology = Topology(small_city(), known.inferences.values())
    DetectionTables(operations).commit(outcome(cause, other))
    for number, (now_ms, changes) in enumerate(
        [(START_MS + 20 * MINUTE_MS, ()), (START_MS + 50 * MINUTE_MS, (cleared(cause, at_ms=START_MS),))], 2
    ):
        DetectionTables(operations).commit(outcome(*changes, number=number))
        tables.commit(step(tables.situation(known.named_parts), known, topology, now_ms), now_ms)
        if not changes:
            FaultDesk(operations).perform(cause.id, Acknowledge(), who="anna", at_ms=now_ms + MINUTE_MS)

    figures = figures_of(
        ReportRows(operations).between(0, 2 * START_MS), Period(from_ms=0, to_ms=2 * START_MS)
    )
    [sums] = _rows(
        operations,
        "SELECT sum(opened) AS opened, sum(cleared) AS cleared, "
        " sum(opened) - sum(acknowledged) AS unacknowledged,"
        " max(mtta_s) AS mtta_s, max(mttr_s) AS mttr_s FROM report.kpis",
    )
    assert figures.opened == sums["opened"] == 2
    assert figures.cleared == sums["cleared"] == 1
    assert figures.unacknowledged == sums["unacknowledged"] == 1
    assert figures.mtta_ms == float(sums["mtta_s"]) * 1000 > 0
    assert figures.mttr_ms == float(sums["mttr_s"]) * 1000 > 0
