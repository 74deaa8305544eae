"""`make bench-ingest` still fits the service: everybody drains a little load, and the figures are there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.mosquitto
ROOT = Path(__file__).parents[2]


def measured(tmp_path: Path, *options: str) -> dict[str, Any]:
    """Figures of a run in which no other server is found than mosquitto."""
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks.ingest", "--devices", "100", "--messages", "600"]
    done = subprocess.run(
        [*command, "--json", str(figures), *options],
        cwd=ROOT,
        env={**os.environ, "IOC_SERVERS_DIR": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return found


def test_comparison_without_other_servers_has_the_c_subscriber_and_leaves_telegraf_out(
    tmp_path: Path,
) -> None:
    figures = measured(tmp_path, "--runs", "1")
    assert figures["ratio_c_subscriber"] > 0
    assert figures["stored_per_s"] > 0
    assert figures["cpu_s_per_100k"] > 0
    assert 0 < figures["p50_ms"] <= figures["p99_ms"]
    assert figures["ratio_telegraf"] is None
    assert figures["cpu_ratio_telegraf"] is None
