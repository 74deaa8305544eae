"""SIGKILL the collector at random moments while messages come at 500/s: nothing is missing, nothing twice.

Every process is a new `ioc run` on the same data and ports; some are killed before they are ready. Once into
the real InfluxDB, once into DuckDB.
"""

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from benchmarks.comparing import compare
from benchmarks.influx_rig import influx_settings, running_influx, stored_in
from benchmarks.rig import city_of_load, fresh_broker, load_messages
from benchmarks.run_process import Installation, RunProcess, ServiceApi, embedded_store, until
from collector.sqlite_journal import SqliteJournal
from simulators.load.fleet import LoadFleet
from simulators.load.plan import LoadPlan
from store.telemetry import TelemetryStore

_RATE_PER_S = 500
_MESSAGES = 60_000
_KILLS = 20
_DUCKDB_SHARE = 0.25
_DEVICES = 1_000
_SEED = 23
_CAP_BYTES = 2**31

_Reading = Callable[[], AbstractContextManager[TelemetryStore]]


def prove(scale: float, folder: Path) -> dict[str, Any]:
    """Kill and restart; the figures.

    Raises:
        AssertionError: something is missing, twice or invented, or the counts do not add up.
    """
    with running_influx(folder / "influxd") as influx:
        settings = influx_settings(influx)
        into_influx = _prove(scale, folder / "influx", settings, lambda: stored_in(influx))
    into_duckdb = _prove(scale * _DUCKDB_SHARE, folder / "duckdb", {}, None)
    return {"influxdb": into_influx, "duckdb": into_duckdb}


def _prove(scale: float, folder: Path, settings: dict[str, str], reading: _Reading | None) -> dict[str, Any]:
    """The proof into one store; without a way to read it, it is the embedded one."""
    messages, kills = round(_MESSAGES * scale), max(1, round(_KILLS * scale))
    ledger = folder / "ledger"
    with fresh_broker(folder / "broker") as broker:
        installation = Installation(folder, broker.port, city_of_load(_DEVICES).devices, settings)
        key = installation.prepare()
        plan = LoadPlan(
            host=broker.host,
            port=broker.port,
            rate_per_s=_RATE_PER_S,
            count=messages,
            processes=1,
            ledger=ledger,
        )
        # The session begins with the first connection; what is published before it is nobody's.
        process = RunProcess(installation)
        try:
            process.wait_ready()
            with LoadFleet(plan, load_messages(_DEVICES)) as fleet:
                fleet.begin()
                process, unready = _kill_often(installation, process, kills, messages / _RATE_PER_S / kills)
                fleet.wait()
            process.wait_ready()
            fates = _drained(installation, key, messages)
            process.stop()
        finally:
            process.kill()
    with reading() if reading is not None else embedded_store(installation) as store:
        compared = compare(ledger, store)
    compared.check()
    assert compared.acknowledged == messages, f"{compared.acknowledged} of {messages} were acknowledged"
    _check_balance(installation, compared.acknowledged + compared.others)
    return {"kills": kills, "killed_before_ready": unready, **compared._asdict(), "fates": fates}


def _kill_often(
    installation: Installation, process: RunProcess, kills: int, mean_s: float
) -> tuple[RunProcess, int]:
    """Kill and start again at random moments; the last process, and how many never became ready."""
    chance = random.Random(_SEED)  # noqa: S311 - moments to kill at protect nothing
    unready = 0
    for _ in range(kills):
        time.sleep(chance.uniform(0.1, 2 * mean_s - 0.1))
        unready += not process.is_ready
        process.kill()
        process = RunProcess(installation)
    return process, unready


def _drained(installation: Installation, key: str, messages: int) -> dict[str, int]:
    """The fates once everything is written.

    Raises:
        AssertionError: they do not add up, or not everything came.
    """
    api = ServiceApi(installation.http_port, key)
    found: dict[str, int] = {}

    def is_done() -> bool:
        found.update(api.fates())
        ended = sum(count for fate, count in found.items() if fate != "received")
        assert found["received"] == ended, f"the counts do not add up: {found}"
        return found["pending"] == 0 and found["written"] >= messages

    until(is_done, "everything is written")
    api.close()
    return found


def _check_balance(installation: Installation, rows: int) -> None:
    """Compare the journal's last word with the store.

    Raises:
        AssertionError: what is counted as written is not what is there.
    """
    journal = SqliteJournal(installation.data / "journal.db", _CAP_BYTES)
    balance = journal.balance().as_dict()
    journal.close()
    assert balance["pending"] == 0, f"{balance['pending']} records were not written"
    assert balance["written"] == rows, f"{balance['written']} are counted as written, {rows} rows are there"
