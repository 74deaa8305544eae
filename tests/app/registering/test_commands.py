"""The command line on real files: those of a stopped service, and the API of a running one."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from anyio.from_thread import start_blocking_portal
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner, Result

from api.application import create_app
from api.auth import Role
from api.services import ApiServices, OperationsViews
from app.brokers import free_port
from app.cli import cli
from app.data_directory import DataDirectory
from app.http_server import HttpServer
from devices.batch import DEAD_LETTER_SCHEMA, TIME
from devices.clock import SystemClock
from devices.registry import Registry
from store.operations.audit import AuditLog
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.devices import DeviceRepository
from store.operations.registrar import Registrar
from tests.api.support import MemoryTelemetry
from tests.store.operations.support import outcome

CITY = "id,kind,area,rated_w\nL1,streetlight,tam-ky,60\nT1,traffic-camera,ban-thach,\n"
LIMITS = "id,device,limit_kmh,document,valid_from\ns,T1,50,Sign P.127,2026-01-01\n"


class Place:
    """Where a registry is: its operations store, and the options that lead there."""

    def __init__(self, operations: Path, options: Sequence[str]) -> None:
        self.operations = operations
        self._options = list(options)

    def ioc(self, *arguments: str) -> Result:
        return CliRunner().invoke(cli, [*arguments, *self._options])

    def done(self, *arguments: str) -> str:
        result = self.ioc(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def database(self) -> OperationsDatabase:
        return OperationsDatabase.open(sqlite_url(self.operations))

    def registry(self) -> Registry:
        database = self.database()
        registry = DeviceRepository(database).load()
        database.close()
        return registry


@pytest.fixture(params=["files", "service"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A registry in files that nobody holds, and one behind a running service's API."""
    directory = DataDirectory(tmp_path / "data")
    if request.param == "files":
        directory.release()
        yield Place(directory.operations, ["--data", str(directory.path)])
        return
    database = OperationsDatabase.open(sqlite_url(directory.operations))
    views, live = OperationsViews.of(database), {"registry": Registry([])}
    token = views.keys.create("anna", Role.OPERATOR, who="test", at_ms=SystemClock().now_ms()).token
    services = ApiServices(
        operations=views,
        telemetry=MemoryTelemetry(),
        registry=lambda: live["registry"],
        registrar=Registrar(database, lambda registry, _programmes: live.update(registry=registry)),
        health=dict,
        metrics=CollectorRegistry(),
        clock=SystemClock(),
        zone=ZoneInfo("Asia/Ho_Chi_Minh"),
        version="0",
    )
    with start_blocking_portal() as portal:
        server = portal.call(lambda: _server(services))
        portal.call(server.start)
        yield Place(directory.operations, ["--url", server.url, "--key", token])
        portal.call(server.stop)
    database.close()
    directory.release()


async def _server(services: ApiServices) -> HttpServer:
    return HttpServer(create_app(services), "127.0.0.1", free_port())


def spoken(place: Place, identity: str) -> None:
    letter = {
        "reason": "unknown_device", "detail": "", "topic": "tele/x/STATE", "payload": b"{}",
        "payload_bytes": 2, "received_at": 1, "identity": identity, "entry": 1,
    }  # fmt: skip
    raw = dict(DEAD_LETTER_SCHEMA) | {"received_at": pl.Int64, "entry": pl.Int64}
    database = place.database()
    frame = pl.DataFrame([letter], schema=raw).cast({"received_at": TIME})
    DetectionTables(database).commit(outcome(dead_letters=frame))
    database.close()


def test_import_export_and_list(place: Place, tmp_path: Path) -> None:
    (tmp_path / "city.csv").write_text(CITY)
    said = place.done("devices", "import", str(tmp_path / "city.csv"), "--dry-run")
    assert said == "2 would be added: L1, T1\n0 would be changed\n0 would be removed\n0 unchanged\n"
    assert dict(place.registry()) == {}
    place.done("devices", "import", str(tmp_path / "city.csv"))
    assert list(place.registry()) == ["L1", "T1"]
    for name in ("out.csv", "out.geojson"):
        place.done("devices", "export", str(tmp_path / name))
        said = place.done("devices", "import", str(tmp_path / name), "--replace")
        assert said == "0 added\n0 changed\n0 removed\n2 unchanged\n"
    listed = place.done("devices", "list", "--kind", "streetlight")
    assert "L1" in listed
    assert "T1" not in listed


def test_changes_and_removals_are_named(place: Place, tmp_path: Path) -> None:
    (tmp_path / "city.csv").write_text(CITY)
    place.done("devices", "import", str(tmp_path / "city.csv"))
    (tmp_path / "city.csv").write_text("id,kind,area,rated_w\nL1,streetlight,ban-thach,70\n")
    said = place.done("devices", "import", str(tmp_path / "city.csv"), "--replace")
    assert said == "0 added\n1 changed: L1 (area, rated_w)\n1 removed: T1\n0 unchanged\n"


def test_bad_lines_are_named_and_nothing_is_changed(place: Place, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(CITY + "L2,streetlight,tam-ky,bright\nL3,toaster,tam-ky,60\n")
    dry = place.ioc("devices", "import", str(tmp_path / "bad.csv"), "--dry-run")
    wet = place.ioc("devices", "import", str(tmp_path / "bad.csv"))
    for result in (dry, wet):
        assert result.exit_code == 1
        assert "line 4: rated_w: must be a number, got 'bright'\n" in result.output
        assert "line 5: kind: unknown kind 'toaster'" in result.output
        assert "is nothing that a toaster has" not in result.output
        assert "would be added" not in result.output
    assert dict(place.registry()) == {}


def test_entities_are_imported_and_exported(place: Place, tmp_path: Path) -> None:
    (tmp_path / "city.csv").write_text(CITY)
    (tmp_path / "limits.csv").write_text(LIMITS)
    refused = place.ioc("entities", "import", "speed-limits", str(tmp_path / "limits.csv"))
    assert "line 2: device: names no device that there is, got 'T1'" in refused.output
    place.done("devices", "import", str(tmp_path / "city.csv"))
    said = place.done("entities", "import", "speed-limits", str(tmp_path / "limits.csv"))
    assert said.startswith("1 added: s from 2026-01-01\n")
    place.done("entities", "export", "speed-limits", str(tmp_path / "out.csv"))
    said = place.done("entities", "import", "speed-limits", str(tmp_path / "out.csv"), "--replace")
    assert said == "0 added\n0 changed\n0 removed\n1 unchanged\n"


def test_pending_device_is_adopted_or_dismissed(place: Place) -> None:
    spoken(place, "tasmota:AABBCC")
    assert "tasmota:AABBCC" in place.done("devices", "pending")
    refused = place.ioc("devices", "adopt", "1", "--id", "L9", "--kind", "streetlight", "--area", "tam-ky")
    assert (refused.exit_code, "rated_w: is missing" in refused.output) == (1, True)
    place.done("devices", "dismiss", "1")
    assert "tasmota" not in place.done("devices", "pending")
    assert "tasmota" in place.done("devices", "pending", "--dismissed")
    options = ["--id", "L9", "--kind", "streetlight", "--area", "tam-ky", "--set", "rated_w=60"]
    assert place.done("devices", "adopt", "1", *options) == "L9 is registered as a streetlight in tam-ky\n"
    assert place.registry()["L9"].vendor_ids == ("tasmota:AABBCC",)
    database = place.database()
    actions = [entry.action for entry in AuditLog(database).list().items]
    database.close()
    assert actions[:2] == ["device.adopt", "pending.dismiss"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["devices", "import", "missing.csv"], "No such file"),
        (["entities", "import", "toasters", "x.csv"], "KIND must be one of broadcast-programmes"),
        (["devices", "adopt", "1", "--set", "rated_w"], "--set is column=value"),
        (["devices", "adopt", "1"], "there is no pending device '1'"),
        (["devices", "dismiss", "7"], "there is no pending device '7'"),
        (["devices", "export", "missing/x.csv"], "no folder that can be written"),
    ],
)
def test_wrong_command_ends_with_one_sentence(place: Place, arguments: list[str], sentence: str) -> None:
    result = place.ioc(*arguments)
    assert result.exit_code == 1
    assert sentence in result.output


def test_files_that_a_service_holds_are_left_alone(tmp_path: Path) -> None:
    holder = DataDirectory(tmp_path / "data")
    result = CliRunner().invoke(cli, ["devices", "list", "--data", str(holder.path)])
    holder.release()
    assert result.exit_code == 1
    assert "is in use by process" in result.output
    assert "--url (IOC_API_URL) and --key" in result.output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--data", "missing"], "there is no folder 'missing'"),
        (["--url", "http://127.0.0.1:1"], "the API wants a key"),
        (["--url", "http://127.0.0.1:1", "--key", "x"], "does not answer"),
        (["--url", "nonsense", "--key", "x"], "--url: 'nonsense'"),
    ],
)
def test_place_that_is_none_is_named(
    options: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["devices", "list", *options])
    assert result.exit_code == 1
    assert sentence in result.output
