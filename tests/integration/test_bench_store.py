"""`make bench-store` still fits the stores: a little of everything, and the figures are there."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
QUESTIONS = ("latest", "device_day", "cabinet_week", "kind_month", "top20", "export")


def test_figures_have_the_names_that_others_read(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.store",
            "--rows",
            "1",
            "--times",
            "2",
            "--influx-rows",
            "0",
            "--json",
            file,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert all(figures[f"duckdb.{name}.p95_ms"] > 0 for name in QUESTIONS)
    assert figures["duckdb.rows"] == 50 * 30 * 288
    assert figures["duckdb.rows_per_s"] > 0
    assert figures["duckdb.mb_per_million"] > 0
