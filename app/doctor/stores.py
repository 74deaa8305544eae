"""The stores, and the registry in one of them; nothing is made or changed."""

import time
from collections.abc import Iterator
from contextlib import closing

from app.data_directory import DataDirectory
from app.doctor.finding import Finding, bad, good, note
from app.errors import StartError
from app.operations import operations_url
from app.settings import ServiceSettings
from app.telemetry import influx_address, open_telemetry
from devices.clock import Clock
from devices.device import Device, Life
from devices.errors import RegistryError
from devices.registry import Registry
from store.duckdb_format import older_file
from store.influx_client import InfluxConnection
from store.operations.database import OperationsDatabase
from store.operations.devices import DeviceRepository
from store.operations.errors import OperationsSetupError, OperationsUnavailableError
from store.telemetry import TelemetryUnavailableError

__all__ = ["look_at_operations", "look_at_telemetry"]

_CLOCK_TOLERANCE_MS = 2_000


def look_at_operations(settings: ServiceSettings, clock: Clock) -> Iterator[Finding]:
    """Whether the operations store answers, takes writes and has our schema; then the registry in it."""
    file = settings.data_dir / "operations.db"
    if settings.operations_url is None and not file.exists():
        yield note("operations", f"{str(file)!r} is not there yet", "the first start makes it")
        return
    try:
        database = OperationsDatabase(operations_url(file, settings))
    except (StartError, OperationsSetupError) as error:
        yield bad("operations", str(error), "mend operations_url and operations_password_file")
        return
    with closing(database):
        try:
            yield from _operations(database, clock)
        except OperationsUnavailableError as error:
            yield bad(
                "operations", str(error), "start the server or mend its file, its user and its password"
            )
        except RegistryError as error:
            yield bad("registry", f"what is stored breaks a rule: {error}", "ioc devices import a whole file")


def _operations(database: OperationsDatabase, clock: Clock) -> Iterator[Finding]:
    condition = database.condition()
    if condition.schema is None or condition.is_older:
        standing = f"schema {condition.schema or 'none'}"
        yield note("operations", f"{condition.server}, {standing}", "the next start brings it to ours")
        return
    if not condition.is_ours:
        yield bad(
            "operations",
            f"{condition.server} has schema {condition.schema!r}, newer than this program's",
            "install the version that wrote it, or restore a backup",
        )
        return
    database.check_writable()
    yield good("operations", f"{condition.server} takes writes, schema {condition.schema}")
    if condition.clock_ms is not None:
        yield _clock(condition.clock_ms - clock.now_ms())
    yield from _registry(DeviceRepository(database).load())


def _clock(ahead_ms: int) -> Finding:
    if abs(ahead_ms) <= _CLOCK_TOLERANCE_MS:
        return good("clock", "the operations store's clock agrees with ours")
    return bad(
        "clock", f"the operations store's clock is {ahead_ms / 1000:+.1f} s off ours", "let NTP keep both"
    )


def _registry(registry: Registry) -> Iterator[Finding]:
    if not registry:
        yield bad("registry", "it is empty: every message is of an unknown device", "ioc devices import FILE")
        return
    yield good("registry", f"{len(registry)} devices")
    lone = [device.id for device in registry.values() if _is_lone(device)]
    if lone:
        seen = (
            f"{len(lone)} lamps name no cabinet, such as {lone[0]!r}: a lost phase is not seen as one cause"
        )
        yield note("registry", seen, "give them powered_by")


def _is_lone(device: Device) -> bool:
    return device.kind == "streetlight" and device.powered_by is None and device.life is not Life.RETIRED


def look_at_telemetry(settings: ServiceSettings) -> Iterator[Finding]:
    """Whether the telemetry store answers as one that we can use."""
    try:
        address = influx_address(settings)
        if address is None:
            yield _embedded(settings)
            return
        with closing(InfluxConnection(address)) as connection:
            began = time.monotonic()
            version = connection.version()
            connection.check_bucket()
            took_ms = (time.monotonic() - began) * 1000
        yield good("telemetry", f"InfluxDB {version} has our bucket (answered in {took_ms:.0f} ms)")
    except (StartError, TelemetryUnavailableError) as error:
        yield bad("telemetry", str(error), "start it, or mend influx_url and influx_token_file")


def _embedded(settings: ServiceSettings) -> Finding:
    folder = settings.data_dir / "telemetry"
    if not folder.exists() and not older_file(folder).exists():
        return note("telemetry", f"{str(folder)!r} is not there yet", "the first start makes it")
    try:
        directory = DataDirectory(settings.data_dir)
    except StartError as error:
        return note("telemetry", f"not looked into: {error}", "ask the service itself: /readyz")
    try:
        with closing(open_telemetry(directory, settings)) as store:
            found = store.status()
    finally:
        directory.release()
    return good("telemetry", f"{found.backend} {found.version} opens, {sum(found.rows.values())} rows")
