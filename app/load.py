"""Driving a broker with a simulated city, watched on the screen."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from simulators.load.fleet import LoadFleet
from simulators.load.messages import DeviceMessages
from simulators.load.plan import LoadPlan

__all__ = ["LoadReport", "run_load"]

_REFRESH_S = 0.25


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What a load has done. At QoS 0 nothing is acknowledged."""

    sent: int
    acknowledged: int
    refused: int
    reconnections: int
    elapsed_s: float
    sent_per_s: int
    acknowledged_per_s: int

    def as_json(self) -> dict[str, Any]:
        """The figures by their names."""
        return asdict(self)

    def write_json(self, path: Path) -> None:
        """Write the figures to a file."""
        path.write_bytes(msgspec.json.encode(self) + b"\n")

    def sentence(self) -> str:
        """The figures for a person."""
        told = f"{self.sent:,} messages in {self.elapsed_s:.1f} s: {self.sent_per_s:,}/s sent"
        if self.acknowledged or self.refused:
            told += f", {self.acknowledged_per_s:,}/s acknowledged"
        if self.refused:
            told += f"; {self.refused:,} refused by the broker"
        if self.reconnections:
            told += f"; {self.reconnections:,} connections were lost and made again"
        return told


def run_load(
    plan: LoadPlan,
    devices: Sequence[DeviceMessages],
    console: Console | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> LoadReport:
    """Publish until the plan is fulfilled or `should_stop`; with a console, a bar shows how it goes.

    Raises:
        LoadError: the load cannot be made or cannot go on.
    """
    with LoadFleet(plan, devices) as fleet:
        fleet.begin()
        if console is not None:
            _watch(fleet, plan, console, should_stop)
        while fleet.is_running and not should_stop():
            time.sleep(_REFRESH_S)
        fleet.stop()
        counts = fleet.wait()
        elapsed_s = fleet.elapsed_s
    return LoadReport(
        sent=counts.sent,
        acknowledged=counts.acknowledged,
        refused=counts.refused,
        reconnections=counts.reconnections,
        elapsed_s=round(elapsed_s, 3),
        sent_per_s=round(counts.sent / elapsed_s),
        acknowledged_per_s=round(counts.acknowledged / elapsed_s),
    )


def _watch(fleet: LoadFleet, plan: LoadPlan, console: Console, should_stop: Callable[[], bool]) -> None:
    """Show a bar until the load has ended or shall end."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[sent]:>9,} sent/s {task.fields[acknowledged]:>9,} acked/s"),
        TimeElapsedColumn(),
    )
    total = plan.count if plan.count is not None else plan.run_for_s
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("publishing", total=total, sent=0, acknowledged=0)
        before, before_s = fleet.counts, fleet.elapsed_s
        while fleet.is_running and not should_stop():
            time.sleep(_REFRESH_S)
            now, now_s = fleet.counts, fleet.elapsed_s
            span_s = max(now_s - before_s, 1e-3)
            progress.update(
                task,
                completed=now.sent if plan.count is not None else now_s,
                sent=round((now.sent - before.sent) / span_s),
                acknowledged=round((now.acknowledged - before.acknowledged) / span_s),
            )
            before, before_s = now, now_s
