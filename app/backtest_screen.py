"""What a person sees of a backtest, and its result as a table and as JSON."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import msgspec
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from app.backtesting import BacktestResult
from rules.backtest.comparison import Moved
from rules.backtest.past_fault import PastFault

__all__ = ["BacktestScreen", "as_json", "printed"]

_SHOWN_FAULTS = 20
_MICROSECONDS = 1e6


class BacktestScreen:
    """A bar with what is being done; plain lines where the output is no terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
        self._task = self._bar.add_task("beginning", total=1.0)
        self._said = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, what: str, share: float) -> None:
        """Show what is being done and how much of it is done."""
        self._bar.update(self._task, description=what, completed=share)
        if what != self._said and not self._console.is_terminal:
            self._console.print(what, highlight=False)
        self._said = what


def printed(result: BacktestResult) -> Iterator[RenderableType]:
    """The result for people: figures by rule, the first faults that differ, load and cost."""
    found, cost = result.comparison, result.cost
    period = f"{_written(result.span.from_ms)} to {_written(result.span.to_ms)} (UTC, by time received)"
    yield _by_rule(result, f"Backtest of {period}")
    for what, faults in (("added", found.added), ("missing", found.missing)):
        if faults:
            yield _faults(what, faults)
    if found.moved:
        yield _moves(found.moved)
    yield (
        f"Incidents per operator and hour: {result.load_before:.2f} before, {result.load_after:.2f} after\n"
        f"Cost: {cost.readings:,} readings, {cost.evaluated:,} conditions, {cost.engine_s:.1f} s"
        f" of the engine ({cost.engine_s / max(cost.readings, 1) * _MICROSECONDS:.0f} µs a reading)"
    )
    if found.is_identical:
        yield "Nothing would have been otherwise."


def as_json(result: BacktestResult) -> bytes:
    """The result for programs; every fault that differs."""
    found, cost, span = result.comparison, result.cost, result.span
    document = {
        "from_ms": span.from_ms,
        "to_ms": span.to_ms,
        "same": len(found.same),
        "added": [_plain(fault) for fault in found.added],
        "missing": [_plain(fault) for fault in found.missing],
        "moved": [{"live": _plain(one.live), "backtest": _plain(one.backtest)} for one in found.moved],
        "by_rule": {rule: msgspec.to_builtins(figures) for rule, figures in found.by_rule.items()},
        "incidents_per_operator_hour": {"before": result.load_before, "after": result.load_after},
        "cost": msgspec.to_builtins(cost),
    }
    return msgspec.json.encode(document)


def _by_rule(result: BacktestResult, title: str) -> Table:
    table = Table("rule", title=title, title_justify="left", box=None)
    for name in ("same", "added", "missing", "moved"):
        table.add_column(name, justify="right")
    for rule, figures in result.comparison.by_rule.items():
        counts = (figures.same, figures.added, figures.missing, figures.moved)
        table.add_row(rule, *(f"{count:,}" if count else "" for count in counts))
    return table


def _faults(what: str, faults: Sequence[PastFault]) -> Table:
    table = Table(what, "device", "since", "raised", "cleared", box=None)
    for fault in faults[:_SHOWN_FAULTS]:
        table.add_row(fault.rule, fault.device, *_times(fault))
    return _with_rest(table, len(faults))


def _moves(moves: Sequence[Moved]) -> Table:
    table = Table("moved", "device", "", "since", "raised", "cleared", box=None)
    for one in moves[:_SHOWN_FAULTS]:
        table.add_row(one.live.rule, one.live.device, "live", *_times(one.live))
        table.add_row("", "", "backtest", *_times(one.backtest))
    return _with_rest(table, len(moves))


def _with_rest(table: Table, count: int) -> Table:
    if count > _SHOWN_FAULTS:
        table.add_row(f"and {count - _SHOWN_FAULTS:,} more (--json)")
    return table


def _times(fault: PastFault) -> tuple[str, str, str]:
    cleared = "active" if fault.cleared_at_ms is None else _written(fault.cleared_at_ms)
    return _written(fault.since_ms), _written(fault.raised_at_ms), cleared


def _written(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _plain(fault: PastFault) -> Any:
    return msgspec.to_builtins(fault)
