"""What a person sees while the demo runs: one screen that says what is where, and a line of counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

__all__ = ["Banner", "LiveLine", "PlainScreen", "Screen", "TerminalScreen", "screen_for"]


@dataclass(frozen=True, kw_only=True)
class Banner:
    """What is running, where, and what to know about it."""

    city: str
    kinds: Mapping[str, int]
    broker: str
    broker_caveat: str
    api_url: str
    key: str
    data: str
    log: str
    seconds_to_ready: float

    def panel(self) -> Panel:
        """The screen."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        devices = ", ".join(f"{count} {kind}" for kind, count in self.kinds.items())
        for name, value in (
            ("city", f"{self.city}: {sum(self.kinds.values())} devices ({devices})"),
            ("broker", self.broker),
            ("", Text(f"on loopback, without passwords; {self.broker_caveat}", style="yellow")),
            ("API", f"{self.api_url}/docs"),
            ("admin key", Text("for this run only; in another terminal:")),
            ("", Text(f"export KEY={self.key}", style="green")),
            ("faults", f'curl -H "Authorization: Bearer $KEY" {self.api_url}/v1/faults'),
            ("violations", f'curl -H "Authorization: Bearer $KEY" {self.api_url}/v1/violations'),
            ("live", f'curl -N -H "Authorization: Bearer $KEY" {self.api_url}/v1/stream'),
            ("health", f"{self.api_url}/readyz   {self.api_url}/metrics"),
            ("data, log", f"{self.data}   {self.log}"),
            ("stop", "Ctrl-C; the next start goes on where this one stopped"),
        ):
            table.add_row(name, value)
        return Panel(
            table, title=f"ioc-telemetry is ready after {self.seconds_to_ready:.1f} s", title_align="left"
        )


@dataclass(frozen=True, kw_only=True)
class LiveLine:
    """The counts of one moment. Times of the city are epoch ms; the speed is what was really reached."""

    city_ms: int
    zone: ZoneInfo
    speed: float
    per_second: float
    counts: Mapping[str, int]

    def text(self) -> str:
        """One line."""
        local = datetime.fromtimestamp(self.city_ms / 1000, self.zone)
        counts = "  ".join(f"{name} {count:,}" for name, count in self.counts.items())
        return f"{local:%a %d %b %H:%M:%S}  x{self.speed:.3g}  {self.per_second:,.0f} msg/s  {counts}"


class Screen(Protocol):
    """Shows lines as the run goes on."""

    def show(self, line: LiveLine) -> None:
        """Show the present counts."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


class TerminalScreen:
    """A banner, and one line below it that changes in place."""

    def __init__(self, console: Console, banner: Banner) -> None:
        console.print(banner.panel())
        self._live = Live("", console=console, refresh_per_second=4, transient=False)
        self._live.start()

    def show(self, line: LiveLine) -> None:
        """Replace the line."""
        self._live.update(Text(line.text(), overflow="ellipsis", no_wrap=True))

    def close(self) -> None:
        """Leave the last line where it stands."""
        self._live.stop()


class PlainScreen:
    """For pipes and logs: the banner once, then a line every now and then."""

    def __init__(self, console: Console, banner: Banner, every: int = 10) -> None:
        console.print(banner.panel())
        self._console = console
        self._every = every
        self._shown = 0

    def show(self, line: LiveLine) -> None:
        """Print every tenth line."""
        if self._shown % self._every == 0:
            self._console.print(line.text(), soft_wrap=True, highlight=False)
        self._shown += 1

    def close(self) -> None:
        """Nothing to leave."""


def screen_for(console: Console, banner: Banner) -> Screen:
    """The screen that fits where the output goes."""
    return TerminalScreen(console, banner) if console.is_terminal else PlainScreen(console, banner)
