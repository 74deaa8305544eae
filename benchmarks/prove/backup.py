"""A backup under load, restored on an empty machine and into empty servers: the checksums are equal.

`ioc run` (DuckDB, SQLite) takes in 300 messages a second from mosquitto while `ioc store backup` asks it for
everything. What the broker had acknowledged some seconds before is in the backup; it is restored into fresh
embedded stores, on which the service starts and goes on, and into a fresh InfluxDB and PostgreSQL.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from api.auth import Role
from benchmarks.demo_process import free_port
from benchmarks.influx_rig import influx_settings, running_influx
from benchmarks.postgres_process import own_postgres
from benchmarks.rig import city_of_load, fresh_broker, load_messages
from benchmarks.run_process import Installation, RunProcess
from devices.clock import SystemClock
from devices.registry_files import write_csv
from simulators.load.fleet import LoadFleet
from simulators.load.ledger import read_ledger
from simulators.load.plan import LoadPlan
from store.backup.chunks import TELEMETRY
from store.backup.folder import Backup, open_backup
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.keys import KeyRepository

_RATE_PER_S = 300
_DEVICES = 500
_BEFORE_S = 120.0
_BEFORE_LEAST_S = 10.0
_LOAD_AT_MOST_S = 900.0
_WAY_MS = 5_000
"""Longer than any message is on its way into the journal."""


def prove(scale: float, folder: Path) -> dict[str, Any]:
    """Back up under load, restore, compare; the figures.

    Raises:
        AssertionError: something is missing, a checksum differs, or the service does not start on what was
            restored.
    """
    with fresh_broker(folder / "broker") as broker:
        city = city_of_load(_DEVICES)
        installation = Installation(folder / "old", broker.port, city.devices)
        key = _backup_key(installation)
        plan = LoadPlan(
            host=broker.host,
            port=broker.port,
            rate_per_s=_RATE_PER_S,
            run_for_s=_LOAD_AT_MOST_S,
            processes=1,
            ledger=folder / "ledger",
        )
        process = RunProcess(installation)
        try:
            process.wait_ready()
            with LoadFleet(plan, load_messages(_DEVICES)) as fleet:
                fleet.begin()
                time.sleep(max(_BEFORE_LEAST_S, _BEFORE_S * scale))
                begin_ms, begin_s = SystemClock().now_ms(), time.monotonic()
                url = f"http://127.0.0.1:{installation.http_port}"
                _ioc("backup", folder / "backup", {"IOC_API_URL": url, "IOC_API_KEY": key})
                took_s = time.monotonic() - begin_s
                assert fleet.is_running, "the load ended before the backup did"
                fleet.stop()
                fleet.wait()
        finally:
            process.kill()
        made = open_backup(folder / "backup")
        said = _check_whole(made, folder / "ledger", begin_ms - _WAY_MS)
        _check_copy(folder, made, "embedded", {})
        with ExitStack() as servers:
            server = servers.enter_context(own_postgres())
            influx = servers.enter_context(running_influx(folder / "influxd"))
            operations = server.url.render_as_string(hide_password=False)
            _check_copy(folder, made, "servers", influx_settings(influx) | {"IOC_OPERATIONS_URL": operations})
        _check_starts(installation, folder / "embedded")
    rows = sum(part.rows for part in made.manifest.parts.values())
    return {"rows": rows, "acknowledged_before": said, "missing": 0, "backup_s": round(took_s, 1)}


def _backup_key(installation: Installation) -> str:
    installation.prepare()
    database = OperationsDatabase.open(sqlite_url(installation.data / "operations.db"))
    made = KeyRepository(database).create("backup", Role.BACKUP, who="proof", at_ms=SystemClock().now_ms())
    database.close()
    return made.token


def _ioc(command: str, backup: Path, settings: Mapping[str, str]) -> None:
    """`ioc store` with a folder.

    Raises:
        AssertionError: it failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "store", command, str(backup)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"ioc store {command}: {done.stderr[-2_000:]}"


def _check_whole(made: Backup, ledger: Path, before_ms: int) -> int:
    """Look for everything that the broker had acknowledged before a moment; how much that is.

    Raises:
        AssertionError: something is missing or stands twice.
    """
    assert made.manifest.plan.backlog.telemetry == 0, f"the service lagged: {made.manifest.plan.backlog}"
    found: list[tuple[str, int]] = []
    for part in made.manifest.parts:
        if part.startswith(TELEMETRY) and not part.endswith("/events"):
            for chunk in made.chunks(part):
                found += chunk.frame.select("device", "seq").rows()
    there = set(found)
    assert len(there) == len(found), f"{len(found) - len(there)} rows stand twice"
    wanted = [entry for entry in read_ledger(ledger) if entry.ts_ms < before_ms]
    missing = sum((entry.device, entry.seq) not in there for entry in wanted)
    assert wanted, "nothing was acknowledged before the backup"
    assert missing == 0, f"{missing} of {len(wanted)} that were acknowledged before are missing"
    return len(wanted)


def _check_copy(folder: Path, made: Backup, name: str, settings: Mapping[str, str]) -> None:
    """Restore into fresh stores, take a backup of these, and compare.

    Raises:
        AssertionError: the checksums differ.
    """
    settings = {"IOC_DATA_DIR": str(folder / name / "data"), **settings}
    _ioc("restore", folder / "backup", settings)
    _ioc("backup", folder / f"{name}-again", settings)
    again = open_backup(folder / f"{name}-again").manifest
    assert again.operations_sum == made.manifest.operations_sum, f"operations differ in {name}"
    assert again.telemetry_sum == made.manifest.telemetry_sum, f"telemetry differs in {name}"


def _check_starts(installation: Installation, folder: Path) -> None:
    """Start the service on what was restored.

    Raises:
        AssertionError: it does not become ready, or does not stop.
    """
    restored = replace(installation, folder=folder, http_port=free_port())
    write_csv(restored.devices, restored.registry)
    process = RunProcess(restored)
    try:
        process.wait_ready()
        process.stop()
    finally:
        process.kill()
