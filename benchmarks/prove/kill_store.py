"""SIGKILL whoever writes into a store, 50 times for each: every acknowledged batch is there, nothing twice.

DuckDB and SQLite live in the killed process; InfluxDB and PostgreSQL lose their client in mid-request. The
next process goes on behind the last acknowledged batch, and so writes again what was perhaps written: as the
service does.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import select

from benchmarks.influx_rig import address_of, running_influx
from benchmarks.postgres_process import own_postgres
from benchmarks.store_writer import JOURNAL, ROWS, batch_of, fault_of, open_telemetry
from store.operations.database import OperationsDatabase, sqlite_url
from store.operations.detection import DetectionTables
from store.operations.tables import faults, latest_state
from store.telemetry import Selection, TelemetryStore

_KILLS = 50
_LONGEST_S = 0.4
_FIRST_ANSWER_S = 60.0
_SEED = 41
_END_MS = 2**42

_Check = Callable[[int, bool], int]
"""Compares a store with what was acknowledged, up to that batch; wholly, or the last of it. Gives rows."""


def prove(scale: float, folder: Path) -> dict[str, Any]:
    """Kill and look; the figures by store.

    Raises:
        AssertionError: an acknowledged batch is missing or is not whole, or a row stands twice.
    """
    kills = max(2, round(_KILLS * scale))
    duckdb = str(folder / "telemetry.duckdb")
    found = {"duckdb": _telemetry(kills, "duckdb", duckdb)}
    sqlite = sqlite_url(folder / "operations.db")
    found["sqlite"] = _killed(kills, "operations", sqlite, _operations_check(sqlite))
    with own_postgres() as server:
        url = server.url.render_as_string(hide_password=False)
        found["postgresql"] = _killed(kills, "operations", url, _operations_check(url))
    with running_influx(folder / "influxd") as process:
        found["influxdb"] = _telemetry(kills, "influxdb", json.dumps(asdict(address_of(process))))
    return found


def _telemetry(kills: int, kind: str, where: str) -> dict[str, int]:
    def check(last: int, whole: bool) -> int:  # noqa: FBT001 - as `_Check` says
        store = open_telemetry(kind, where)
        try:
            return _compared(store, 0 if whole else max(0, last - 3), last)
        finally:
            store.close()

    return _killed(kills, kind, where, check)


def _compared(store: TelemetryStore, first: int, last: int) -> int:
    """Look at the batches from one to another; the rows that are there from the first one on.

    Raises:
        AssertionError: one is not there as it was written, or a row stands twice.
    """
    from_ms = int(batch_of(first).frame["measured_at"].dt.epoch("ms").min())  # type: ignore[arg-type]
    batches = store.export(Selection(kind="streetlight", from_ms=from_ms, to_ms=_END_MS))
    frames = [batch.frame.select("device", "seq", "power_w") for batch in batches]
    rows = pl.concat(frames) if frames else batch_of(first).frame.select("device", "seq", "power_w").clear()
    twice = rows.height - rows.select("device", "seq").unique().height
    assert twice == 0, f"{twice} rows stand twice"
    wanted = pl.concat([batch_of(n).frame.select("device", "seq", "power_w") for n in range(first, last + 1)])
    missing = wanted.join(rows, on=["device", "seq", "power_w"], how="anti")
    assert missing.is_empty(), f"{missing.height} rows of acknowledged batches are missing"
    # One batch may have been under way: it is there or not, or in part where the server took it in parts.
    assert rows.height <= wanted.height + ROWS, f"{rows.height} rows are there, {wanted.height} were written"
    return rows.height


def _operations_check(url: str) -> _Check:
    def check(last: int, whole: bool) -> int:  # noqa: ARG001, FBT001 - these tables are small: always wholly
        database = OperationsDatabase.open(url)
        try:
            return _operations_compared(database, last)
        finally:
            database.close()

    return check


def _operations_compared(database: OperationsDatabase, last: int) -> int:
    """Look at position, state, faults and latest states, which were committed together.

    Raises:
        AssertionError: they do not belong together, or lie behind what was acknowledged.
    """
    snapshot = DetectionTables(database).load(JOURNAL)
    reached = -1 if snapshot.position is None else snapshot.position.number
    assert last <= reached <= last + 1, f"batch {last} was acknowledged, the position is {reached}"
    with database.read() as connection:
        ids = [row.id for row in connection.execute(select(faults.c.id).order_by(faults.c.number))]
        numbers = set(connection.execute(select(latest_state.c.seq)).scalars())
    assert ids == [fault_of(number).id for number in range(reached + 1)], "the faults are not those committed"
    assert reached < 0 or numbers == {reached}, f"latest states are of {numbers}, the position is {reached}"
    return len(ids)


def _killed(kills: int, kind: str, where: str, check: _Check) -> dict[str, int]:
    """Start, kill, look, again and again; the figures."""
    chance = random.Random(_SEED)  # noqa: S311 - moments to kill at protect nothing
    last = -1
    for kill in range(kills):
        last = max(last, _written_until_killed(kind, where, last + 1, chance.uniform(0, _LONGEST_S)))
        assert last >= 0, "nothing was ever acknowledged"
        check(last, kill == kills - 1)
    return {"kills": kills, "batches_acknowledged": last + 1, "rows": check(last, True)}


def _written_until_killed(kind: str, where: str, first: int, after_s: float) -> int:
    """Let a process write until it has begun and some time more; the last number that it acknowledged."""
    command = [sys.executable, "-m", "benchmarks.store_writer", kind, where, str(first)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    began = process.stdout.readline()
    time.sleep(after_s)
    process.kill()
    said = began + process.stdout.read()
    process.stdout.close()
    process.wait()
    # A line that the kill cut off acknowledges nothing.
    numbers = [int(line) for line in said.split("\n")[:-1]]
    assert numbers, f"the process that writes into {kind} ended by itself"
    return numbers[-1]
