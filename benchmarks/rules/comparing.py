"""Readings a second through the whole catalogue on one core, and memory: `make bench-rules`.

The engine reads a simulated city's readings: order, every rule, states, silence. The library rule-engine and
the Rust binding of CEL evaluate, over readings of the same city in the same run, those conditions that need
nothing but a reading, the one before and the registry: less than the engine does. The figures are medians;
the ratios come first. ARGS="--devices N --minutes M --runs R --json FILE".
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cel
from rich.console import Console
from rich.table import Table

from benchmarks.rules.load import Load, as_rule_engine, asked_conditions, rows_of, simulated
from devices.catalogue import kinds
from rules.detection.engine import Engine
from rules.loading import load_rules

_ROWS = 200
"""Readings of each kind that the others evaluate: they need the time for it."""

_MEMORY_DEVICES = 100_000
_KILOBYTES_A_MB = 1024


def main() -> int:
    """Exit status 0 when the engine is at least fifty times as fast as rule-engine."""
    parser = argparse.ArgumentParser(prog="make bench-rules", description=__doc__)
    parser.add_argument("--devices", type=int, default=20_000)
    parser.add_argument("--minutes", type=int, default=5, help="of the city")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        print(_memory_mb(options.memory))
        return 0
    console = Console()
    with console.status("simulating a city"):
        load = simulated(options.devices, options.minutes)
    figures = _figures(load, options.runs, console)
    console.print(_table(figures, load))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0 if figures["ratio_rule_engine"] >= _WANTED_RATIO else 1


_WANTED_RATIO = 50


def _figures(load: Load, runs: int, console: Console) -> dict[str, float]:
    rows = {kind: rows_of(load, kind, _ROWS) for kind in kinds()}
    rows = {kind: found for kind, found in rows.items() if found}
    rates: dict[str, list[float]] = {"engine": [], "rule_engine": [], "cel": []}
    for number in range(runs):
        with console.status(f"run {number + 1} of {runs}"):
            rates["engine"].append(_engine_rate(load))
            rates["rule_engine"].append(_rule_engine_rate(rows))
            rates["cel"].append(_cel_rate(rows))
    with console.status(f"memory of {_MEMORY_DEVICES:,} devices"):
        memory = [sys.executable, "-m", "benchmarks.rules", "--memory", str(_MEMORY_DEVICES)]
        rss_mb = float(subprocess.run(memory, check=True, capture_output=True, text=True).stdout)
    middle = {name: statistics.median(found) for name, found in rates.items()}
    return {
        "ratio_rule_engine": round(middle["engine"] / middle["rule_engine"], 1),
        "ratio_cel": round(middle["engine"] / middle["cel"], 1),
        "readings_per_s": round(middle["engine"]),
        "rule_engine_readings_per_s": round(middle["rule_engine"]),
        "cel_readings_per_s": round(middle["cel"]),
        "rss_mb_100k_devices": round(rss_mb),
    }


def _engine_rate(load: Load) -> float:
    engine = Engine(load_rules(), load.registry, load.programmes, load.city)
    began_s = time.process_time()
    for start in range(0, len(load.entries), _TOGETHER):
        engine.process(load.entries[start : start + _TOGETHER])
        engine.take_changes()
    return load.readings / (time.process_time() - began_s)


_TOGETHER = 12
"""Entries that are read in one go: what comes in about half a minute of the city."""


def _rule_engine_rate(rows: Mapping[str, list[dict[str, Any]]]) -> float:
    conditions = {kind: [as_rule_engine(one.tree) for one in asked_conditions(kind)] for kind in rows}
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as folder:
        job = Path(folder) / "job.json"
        job.write_text(json.dumps({"conditions": conditions, "rows": rows}), encoding="utf-8")
        program = Path(__file__).with_name("other_engine.py")
        environment = dict(os.environ) | {"PYTHONPATH": os.environ["IOC_BENCH_CONTESTANTS"]}
        command = [sys.executable, str(program), str(job)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return sum(map(len, rows.values())) / float(json.loads(done.stdout)["seconds"])


def _cel_rate(rows: Mapping[str, list[dict[str, Any]]]) -> float:
    programs = {kind: [cel.compile(one.text) for one in asked_conditions(kind)] for kind in rows}
    plain = {
        kind: [{root: _without_nulls(values) for root, values in row.items()} for row in found]
        for kind, found in rows.items()
    }
    began_s = time.process_time()
    for kind, found in plain.items():
        for row in found:
            context = cel.Context(variables=row, functions={"abs": abs})
            for program in programs[kind]:
                _evaluated(program, context)
    return sum(map(len, rows.values())) / (time.process_time() - began_s)


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _evaluated(program: Any, context: Any) -> bool | None:
    try:
        found: bool = program.execute(context)
    except (KeyError, TypeError, ValueError, RuntimeError):
        return None
    return found


def _memory_mb(devices: int) -> float:
    """Resident memory of an engine that has heard so many devices, without the city that spoke."""
    before_mb = _resident_mb()
    load = simulated(devices, 1)
    engine = Engine(load_rules(), load.registry, load.programmes, load.city)
    made_mb = _resident_mb()
    engine.process(load.entries)
    engine.take_changes()
    print(f"before {before_mb:.0f} MB, with the city and its readings {made_mb:.0f} MB", file=sys.stderr)
    return _resident_mb()


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / _KILOBYTES_A_MB
    raise LookupError("/proc/self/status has no VmRSS")


def _table(figures: Mapping[str, float], load: Load) -> Table:
    plain = {kind: len(asked_conditions(kind)) for kind in kinds()}
    asked = f"the others: {sum(plain.values())} conditions"
    title = f"{load.readings:,} readings, {len(load_rules())} rules; {asked}"
    table = Table("figure", "value", title=title, title_justify="left", box=None)
    for name, value in figures.items():
        table.add_row(name, f"{value:,}")
    return table
