"""What a person sees while a scored run goes on."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as RichProgress

from app.scoring_plan import ScoringPlan
from app.scoring_run import Progress

__all__ = ["RunScreen"]

_PLAIN_EVERY_S = 10.0
_REFRESH_PER_S = 2


class RunScreen:
    """A bar with the city's time, the speed and what remains; plain lines where the output is no terminal."""

    def __init__(self, console: Console, plan: ScoringPlan, zone: ZoneInfo) -> None:
        self._console, self._plan, self._zone = console, plan, zone
        self._said_s = -_PLAIN_EVERY_S
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            console=console,
            refresh_per_second=_REFRESH_PER_S,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=plan.to_ms - plan.origin_ms)
        self._bar.start()

    def show(self, progress: Progress) -> None:
        """Show how far it has come."""
        text = self._text(progress)
        if self._console.is_terminal:
            done_ms = progress.now_ms - self._plan.origin_ms
            self._bar.update(self._task, completed=done_ms, description=text)
        elif progress.messages and progress.elapsed_s - self._said_s >= _PLAIN_EVERY_S:
            self._said_s = progress.elapsed_s
            self._console.print(text, soft_wrap=True, highlight=False)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._bar.stop()

    def _text(self, progress: Progress) -> str:
        done_ms = progress.now_ms - self._plan.origin_ms
        elapsed_s = max(progress.elapsed_s, 1e-6)
        local = datetime.fromtimestamp(progress.now_ms / 1000, self._zone)
        left_ms = self._plan.to_ms - progress.now_ms
        eta = str(timedelta(seconds=round(left_ms / done_ms * elapsed_s))) if done_ms else "?"
        return (
            f"day {done_ms // 86_400_000 + 1}  {local:%a %d %b %H:%M}  x{done_ms / 1000 / elapsed_s:,.0f}"
            f"  {progress.messages / elapsed_s:,.0f} msg/s  faults {progress.faults:,}  left {eta}"
        )
