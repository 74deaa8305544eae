"""How fast the collector with all rules stores what mosquitto has: `make bench-ingest`.

Everybody drains the same load at QoS 1, published as fast as the broker takes it: mosquitto_sub to /dev/null,
the collector into InfluxDB, Telegraf into the same InfluxDB, the collector into DuckDB; in turn, again and
again, each with a broker with empty queues. The figures are medians. Then the collector's time from publish
to stored at half of its rate. ARGS="--messages N --runs R --json FILE", or ARGS="--soak 10m" for its memory
under full load.
"""

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table

from app.brokers import find_mosquitto
from benchmarks.ingest.consumers import StalledError
from benchmarks.ingest.contestants import (
    C_SUBSCRIBER,
    COLLECTOR_DUCKDB,
    COLLECTOR_INFLUX,
    TELEGRAF,
    Contestants,
)
from benchmarks.ingest.influx import InfluxServer, find_server, influx_server
from benchmarks.ingest.measuring import Drained, drain, latency, soak
from benchmarks.rig import middle
from devices.durations import parse_duration_ms

_LATENCY_S = 5
_NEVER = 10**12


def main() -> int:
    """Exit status 0 when everybody stored everything."""
    parser = argparse.ArgumentParser(prog="make bench-ingest", description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000, help="of each measurement")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--devices", type=int, default=5_000)
    parser.add_argument("--soak", type=parse_duration_ms, help="instead: memory after this time, such as 10m")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    if find_mosquitto() is None:
        parser.error("this measurement needs mosquitto and mosquitto_sub: make servers")
    console = Console()
    with (
        tempfile.TemporaryDirectory(prefix="ioc-bench-") as folder,
        _influx(Path(folder) / "influxd") as server,
        console.status("") as status,
    ):
        contestants = Contestants(folder=Path(folder), devices=options.devices, server=server)
        try:
            figures = (_soaked if options.soak else _compared)(contestants, options, status)
        except StalledError as error:
            print(f"make bench-ingest: {error}", file=sys.stderr)
            return 1
    console.print(_table(figures))
    for name, program in ((COLLECTOR_INFLUX, "influxd"), (TELEGRAF, "telegraf")):
        if find_server(program) is None:
            console.print(f"{name}: left out, {program} is missing; make servers builds it")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


@contextmanager
def _influx(folder: Path) -> Iterator[InfluxServer | None]:
    """The real InfluxDB where it is built."""
    program = find_server("influxd")
    if program is None:
        yield None
        return
    with influx_server(program, folder) as server:
        yield server


def _compared(contestants: Contestants, options: argparse.Namespace, status: Status) -> dict[str, Any]:
    """Everybody in turn, then the collector at half of its rate."""
    found: dict[str, list[Drained]] = defaultdict(list)
    for run in range(options.runs):
        for name, make in contestants.makers(options.messages).items():
            status.update(f"run {run + 1} of {options.runs}: {name}")
            found[name].append(drain(make, contestants.folder, options.devices, options.messages))
    medians = {
        name: Drained(
            middle([run.stored_per_s for run in runs]), middle([run.cpu_s_per_100k for run in runs])
        )
        for name, runs in found.items()
    }
    ours = medians.get(COLLECTOR_INFLUX) or medians[COLLECTOR_DUCKDB]
    half_per_s = ours.stored_per_s / 2
    count = min(options.messages, round(half_per_s * _LATENCY_S))
    status.update(f"{count:,} messages at {half_per_s:,.0f}/s")
    p50_ms, p99_ms = latency(
        lambda broker: contestants.collector(broker, count, keep_ages=True),
        contestants.folder,
        options.devices,
        count,
        half_per_s,
    )
    return _figures(medians, ours) | {
        "p50_ms": p50_ms,
        "p99_ms": p99_ms,
        "messages": options.messages,
        "runs": options.runs,
        "each": {name: [run._asdict() for run in runs] for name, runs in found.items()},
    }


def _figures(medians: Mapping[str, Drained], ours: Drained) -> dict[str, Any]:
    """Ratios first; None for what could not be measured."""
    telegraf = medians.get(TELEGRAF)
    duckdb = medians[COLLECTOR_DUCKDB]
    c_per_s = medians[C_SUBSCRIBER].stored_per_s
    return {
        "ratio_c_subscriber": round(ours.stored_per_s / c_per_s, 3),
        "ratio_telegraf": round(ours.stored_per_s / telegraf.stored_per_s, 3) if telegraf else None,
        "cpu_ratio_telegraf": round(ours.cpu_s_per_100k / telegraf.cpu_s_per_100k, 3) if telegraf else None,
        "ratio_c_subscriber_duckdb": round(duckdb.stored_per_s / c_per_s, 3),
        "store": "InfluxDB" if COLLECTOR_INFLUX in medians else "DuckDB",
        "stored_per_s": round(ours.stored_per_s),
        "cpu_s_per_100k": round(ours.cpu_s_per_100k, 3),
        "duckdb_stored_per_s": round(duckdb.stored_per_s),
        "duckdb_cpu_s_per_100k": round(duckdb.cpu_s_per_100k, 3),
        "telegraf_stored_per_s": round(telegraf.stored_per_s) if telegraf else None,
        "telegraf_cpu_s_per_100k": round(telegraf.cpu_s_per_100k, 3) if telegraf else None,
        "c_subscriber_per_s": round(c_per_s),
        "c_subscriber_cpu_s_per_100k": round(medians[C_SUBSCRIBER].cpu_s_per_100k, 3),
    }


def _soaked(contestants: Contestants, options: argparse.Namespace, status: Status) -> dict[str, Any]:
    """The rate that the collector drains at, then its memory while it is kept there."""
    status.update("measuring the rate")
    rate = drain(
        lambda broker: contestants.collector(broker, options.messages),
        contestants.folder,
        options.devices,
        options.messages,
    ).stored_per_s
    seconds = options.soak / 1000
    soaked = soak(
        lambda broker: contestants.collector(broker, _NEVER),
        contestants.folder,
        options.devices,
        seconds,
        rate,
        lambda elapsed_s, mb: status.update(
            f"{rate:,.0f}/s for {elapsed_s:.0f} of {seconds:.0f} s: {mb:.0f} MB"
        ),
    )
    tenth = max(1, len(soaked.rss_mb) // 10)
    return {
        "rate_per_s": round(rate),
        "seconds": seconds,
        "rss_mb_first_tenth": middle(soaked.rss_mb[:tenth]),
        "rss_mb_half_way": soaked.rss_mb[len(soaked.rss_mb) // 2],
        "rss_mb_last_tenth": middle(soaked.rss_mb[-tenth:]),
        "rss_mb_most": max(soaked.rss_mb),
        "stored": soaked.stored,
        "behind_at_end": soaked.behind,
        "samples_mb": soaked.rss_mb,
    }


def _table(figures: Mapping[str, Any]) -> Table:
    table = Table("figure", "value", title="Collector (medians)")
    for name, value in figures.items():
        if not isinstance(value, list | dict):
            table.add_row(name, "not measured" if value is None else str(value))
    return table
