"""What `ioc simulate` shows while a city speaks, and its one sentence in the end."""

import asyncio
import signal
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from app.simulate import Outcome, Run, play
from simulators.driver import Publisher

__all__ = ["play_on_screen", "sentence"]

_MS_PER_H = 3_600_000


async def play_on_screen(run: Run, sink: AbstractAsyncContextManager[Publisher], console: Console) -> Outcome:
    """Play until Ctrl-C, SIGTERM or the end, with a progress bar where there is a terminal."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    zone = run.city.city.zone
    begin_ms, end_ms = run.plan.from_ms, run.plan.to_ms
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[sent]:,} messages"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None if end_ms is None else end_ms - begin_ms, sent=0)

        def show(now_ms: int, sent: int) -> None:
            local = datetime.fromtimestamp(now_ms / 1000, zone)
            progress.update(
                task, completed=now_ms - begin_ms, description=f"{local:%a %d %b %H:%M}", sent=sent
            )

        async with sink as publisher:
            return await play(run, publisher, stop, show)


def sentence(run: Run, outcome: Outcome) -> str:
    """What a run came to."""
    total = outcome.counts.total()
    parts = ", ".join(f"{count:,} {channel}" for channel, count in sorted(outcome.counts.items()))
    rate = total / outcome.real_s if outcome.real_s else 0.0
    return (
        f"{run.city.city.label.vi}: {run.speaking:,} devices, {outcome.simulated_ms / _MS_PER_H:.1f} h, "
        f"{total:,} messages ({parts}) in {outcome.real_s:.1f} s, {rate:,.0f}/s; "
        f"{len(run.simulation.truth())} injected"
    )
