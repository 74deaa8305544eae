"""How fast the stores write and answer: `make bench-store`.

A month of readings, one in five minutes by each device, goes into DuckDB and, a tenth of it, into InfluxDB;
then the questions of an operator are asked again and again, about other devices and days each time.
ARGS="--rows N --influx-rows N --times N --json FILE"; the full size needs some gigabytes in the temporary
folder and about a quarter of an hour to write, as long again to sum up.
"""

import argparse
import json
import resource
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from benchmarks.influx_rig import running_influx, stored_in
from benchmarks.ingest.influx import find_server
from benchmarks.store.questions import LIMITS, Asked, ask_all, latest_of
from benchmarks.store.readings import DAY_MS, DAYS, END_MS, CityReadings
from store.duckdb_store import DuckdbTelemetryStore
from store.rollups.keeper import RollupKeeper
from store.rollups.port import RollupStore
from store.telemetry import TelemetryStore

_LATE_MS = 3_600_000
_FULL_ROWS = 100_000_000


def main() -> int:
    """Exit status 0 when everything was written and asked."""
    parser = argparse.ArgumentParser(prog="make bench-store", description=__doc__)
    parser.add_argument("--rows", type=int, default=_FULL_ROWS, help="readings in DuckDB")
    parser.add_argument(
        "--influx-rows", type=int, help="readings in InfluxDB; a tenth by default, 0 for none"
    )
    parser.add_argument("--times", type=int, default=100, help="how often each question is asked at most")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    console = Console()
    figures: dict[str, Any] = {"rows": options.rows}
    influx_rows = options.rows // 10 if options.influx_rows is None else options.influx_rows
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as name:
        folder = Path(name)
        latest = latest_of(folder, options.times)
        readings = CityReadings.of_rows(options.rows)
        with closing(DuckdbTelemetryStore(folder / "duckdb")) as embedded:
            written = _write(embedded, readings)
            written["raw_mb_per_million"] = _mb_per_million(folder / "duckdb", written["rows"])
            # As the service does: minutes and hours behind the writer, days in order when they are over.
            figures["duckdb.rollups_s"] = _sum_up(embedded)
            begin_s = time.perf_counter()
            embedded.compact(END_MS)
            figures["duckdb.compact_s"] = round(time.perf_counter() - begin_s, 1)
            measured = written | _measured(embedded, folder / "duckdb", readings, options.times)
            _report(console, figures, "duckdb", measured | {"latest": latest})
        if influx_rows and find_server("influxd") is not None:
            with running_influx(folder / "influxd") as process, stored_in(process) as store:
                readings = CityReadings.of_rows(influx_rows)
                written = _write(store, readings)
                kept = folder / "influxd" / "engine"
                written["raw_mb_per_million"] = _mb_per_million(kept, written["rows"])
                figures["influxdb.rollups_s"] = _sum_up(store)
                measured = written | _measured(store, kept, readings, options.times)
            _report(console, figures, "influxdb", measured | {"latest": latest})
        elif influx_rows:
            console.print("InfluxDB: left out, influxd is missing; make servers builds it")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _measured(store: TelemetryStore, kept: Path, readings: CityReadings, times: int) -> dict[str, Any]:
    """The size of what is there, and how long answers take."""
    return {"mb_per_million": _mb_per_million(kept, readings.rows)} | ask_all(store, readings, times)


def _sum_up(store: RollupStore) -> float:
    """Make all rollups, a day at a time as they would have been made; in seconds."""
    keeper, begin_s = RollupKeeper(store), time.perf_counter()
    with _progress() as progress:
        for day in progress.track(range(DAYS), description="summing up by the minute and the hour"):
            keeper.run(END_MS - (DAYS - 1 - day) * DAY_MS + _LATE_MS)
    return round(time.perf_counter() - begin_s, 1)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _write(store: TelemetryStore, readings: CityReadings) -> dict[str, Any]:
    """Write all readings; how many a second."""
    written = 0
    with _progress() as progress:
        task = progress.add_task(f"writing into {store.status().backend}", total=readings.rows)
        spent_s = 0.0
        for batch in readings.batches():
            begin_s = time.perf_counter()
            store.write(batch)
            spent_s += time.perf_counter() - begin_s
            written += batch.frame.height
            progress.update(task, advance=batch.frame.height)
    stored = sum(rows for name, rows in store.counts().items() if name in readings.first)
    if stored != written:
        raise SystemExit(f"make bench-store: {written} readings were written, {stored} are there")
    return {"rows": written, "rows_per_s": round(written / spent_s)}


def _mb_per_million(folder: Path, rows: int) -> float:
    """What a folder takes on disk, for each million readings."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return round(size / rows, 1)


def _report(console: Console, figures: dict[str, Any], backend: str, measured: dict[str, Any]) -> None:
    """Show what was measured, and keep it under the names that others read."""
    title = (
        f"{backend}: {measured['rows']:,} readings, {measured['rows_per_s']:,} written a second,"
        f" {measured['mb_per_million']} MB a million with rollups, {measured['raw_mb_per_million']} without"
    )
    table = Table("question", "p50 ms", "p95 ms", "rows", "processors", "what it consists of", title=title)
    for name, limit in LIMITS.items():
        asked: Asked = measured[name]
        table.add_row(
            name, f"{asked.p50_ms:,.1f}", f"{asked.p95_ms:,.1f}", f"{asked.rows:,}", str(asked.busy), limit
        )
        figures[f"{backend}.{name}.p50_ms"] = asked.p50_ms
        figures[f"{backend}.{name}.p95_ms"] = asked.p95_ms
    export: Asked = measured["export"]
    figures[f"{backend}.export.rows_per_s"] = round(export.rows / export.p50_ms * 1000)
    for name in ("rows", "rows_per_s", "mb_per_million", "raw_mb_per_million"):
        figures[f"{backend}.{name}"] = measured[name]
    console.print(table)
    figures[f"{backend}.peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    console.print(
        f"export: {figures[f'{backend}.export.rows_per_s']:,} rows a second; rollups were made in"
        f" {figures[f'{backend}.rollups_s']:,} s; {figures[f'{backend}.peak_mb']:,} MB of memory at most"
    )
