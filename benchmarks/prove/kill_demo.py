"""SIGKILL the demo in mid-run, again and again, on the same data: nothing is lost, nothing stands twice.

What must be there is not read from the service: the simulated city is a pure function of its seed and time,
so everything its devices ever said is made anew here and compared with what the store holds.
"""

import json
import random
import sqlite3
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl

from app.demo_city import SCENARIO
from benchmarks.demo_process import DemoProcess, Ports
from collector.self_report import KIND as COLLECTOR
from devices.batch import to_ms
from devices.catalogue import kinds
from devices.cities import load_city
from devices.decoders.native import NativeDecoder
from devices.messages import Event, RawMessage, Reading
from devices.registry import Registry
from simulators.city import build_city
from simulators.scenario import load_scenario
from simulators.simulation import Simulation
from store.duckdb_store import DuckdbTelemetryStore
from store.telemetry import Selection

_DEVICES = 300
_KILLS = 20
_SPEED = "120"
_SEED = 7
_LAST_MS = 4_102_444_800_000
_MEASURED_MS = pl.col("measured_at").dt.epoch("ms")


def prove(scale: float, folder: Path) -> dict[str, Any]:
    """Kill and restart; the figures.

    Raises:
        AssertionError: something is missing or twice, or the counts do not add up.
    """
    data = folder / "demo"
    chance = random.Random(_SEED)  # noqa: S311 - moments to kill at protect nothing
    kills = max(2, round(_KILLS * scale))
    options = ["--devices", str(_DEVICES), "--speed", _SPEED, "--seed", str(_SEED)]
    ports = Ports.free()
    for _ in range(kills):
        demo = DemoProcess(data, ports, options)
        demo.wait_ready()
        time.sleep(chance.uniform(0.2, 4.0))
        demo.kill()
    last = DemoProcess(data, ports, [*options, "--for", "5s"])
    summary = last.finish()
    expected_readings, expected_events = _everything_said(data)
    readings, events, own = _stored(data)
    missing = len(expected_readings - set(readings)) + len(expected_events - set(events))
    twice = len(readings) - len(set(readings)) + len(events) - len(set(events))
    invented = len(set(readings) - expected_readings) + len(set(events) - expected_events)
    assert missing == 0, f"{missing} of {len(expected_readings) + len(expected_events)} are missing"
    assert twice == 0, f"{twice} stand twice"
    assert invented == 0, f"{invented} were never said"
    found = _sessions_found(data)
    assert found == [False] + [True] * kills, f"the broker did not keep the session: {found}"
    fates = ("written", "events", "status", "ignored", "dead_lettered", "duplicates", "pending")
    assert summary["received"] == sum(summary[fate] for fate in fates), f"the counts do not add up: {summary}"
    stored = len(readings) + own
    assert summary["written"] == stored, f"{summary['written']} counted, {stored} stored"
    return {"kills": kills, "stored": len(readings) + len(events), "missing": 0, "twice": 0} | summary


def _everything_said(data: Path) -> tuple[set[Any], set[Any]]:
    """Keys of all readings and events of the city from its beginning to where its clock stands."""
    beginning = msgspec.json.decode((data / "demo.json").read_bytes())
    city = load_city("tam-ky")
    on = datetime.fromtimestamp(beginning["origin_ms"] / 1000, city.zone).date()
    simulated = build_city(city, _DEVICES, beginning["seed"], on=on)
    registry = Registry(simulated.devices)
    simulation = Simulation(
        simulated, load_scenario(SCENARIO), seed=beginning["seed"], start_ms=beginning["origin_ms"]
    )
    decoder = NativeDecoder()
    readings: set[Any] = set()
    events: set[Any] = set()
    for message in simulation.advance(_clock_ms(data)):
        for record in decoder.decode(RawMessage(message.topic, message.payload), registry):
            if isinstance(record, Reading):
                payload: Any = record.payload
                readings.add((record.device.id, to_ms(payload.ts), payload.seq))
            elif isinstance(record, Event):
                events.add((record.device.id, record.payload.id))
    return readings, events


def _sessions_found(data: Path) -> list[bool]:
    """At each start, whether the broker still knew the collector's session."""
    lines = (data / "ioc.log").read_text(encoding="utf-8").splitlines()
    connects = [json.loads(line) for line in lines if '"broker_connected"' in line]
    return [line["session_present"] for line in connects]


def _clock_ms(data: Path) -> int:
    """Where the city's clock stood at the end, from the journal's own note."""
    with sqlite3.connect(data / "journal.db") as journal:
        (value,) = journal.execute("SELECT value FROM meta WHERE name = 'last_received_ms'").fetchone()
    journal.close()
    return int(json.loads(value))


def _stored(data: Path) -> tuple[list[Any], list[Any], int]:
    """Keys of all rows of the telemetry store; apart from them, how many the collector wrote of itself."""
    readings: list[Any] = []
    with closing(DuckdbTelemetryStore(data / "telemetry")) as store:
        for kind in kinds():
            whole = Selection(kind=kind, from_ms=0, to_ms=_LAST_MS)
            frames = [batch.frame for batch in store.export(whole)]
            rows = [row for frame in frames for row in frame.select("device", _MEASURED_MS, "seq").rows()]
            if kind == COLLECTOR:
                own = len(rows)
            else:
                readings += rows
    events: list[Any] = []
    for file in sorted((data / "telemetry" / "events").glob("*.duckdb")):
        with duckdb.connect(str(file), read_only=True) as day:
            events += day.execute("SELECT device, id FROM rows").fetchall()
    return readings, events, own
