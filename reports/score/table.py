"""A score as a table for the terminal; it fits into a hundred columns."""

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from reports.score.figures import Figures, Score, TypeScore

__all__ = ["delay_shown", "score_table", "shown"]

_COLUMNS = ("inj.", "found", "missed", "false", "again", "prec.", "recall", "median", "bound", "p95")
_MINUTES_FROM_S = 120


def score_table(score: Score) -> Group:
    """A row for each type, the totals, and what they do not say."""
    table = Table(title=_title(score), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("type", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in score.types:
        if row.real:
            table.add_row(row.fault if row.covered else f"{row.fault} *", *_cells(row.figures, row.bound_s))
    table.add_section()
    for row in score.types:
        if not row.real:
            table.add_row(row.fault, *_alike(row), style="dim")
    table.add_section()
    table.add_row("all faults", *_cells(score.faults), style="bold")
    table.add_row("faults with a rule", *_cells(score.covered))
    if score.violations.injected:
        table.add_row("violations", *_cells(score.violations))
    return Group(table, Text(_words(score)))


def _title(score: Score) -> str:
    return (
        f"{score.city}, {score.scenario}, seed {score.seed}: {score.devices:,} devices, {score.hours:,.1f} h"
    )


def _words(score: Score) -> str:
    words = (
        f"incidents: {score.incidents:,} notified, {score.incidents_per_operator_hour:,.2f} per operator and"
        f" hour ({score.operators} operator{'s' * (score.operators > 1)})\n"
        f"besides: {score.symptoms:,} symptoms, {score.suppressed:,} suppressed,"
        f" {score.faults.left_out:,} injections left out (never observable, or too near the end)"
    )
    events = score.violations
    if events.events:
        words += f"\nsingle violations: {events.events_found:,} of {events.events:,} suspected"
    beyond = [row.fault for row in score.types if row.is_within_bound is False]
    if beyond:
        words += f"\nmedian delay beyond its bound: {', '.join(beyond)}"
    if any(row.real and not row.covered for row in score.types):
        words += "\n* no rule yet"
    return words


def _alike(row: TypeScore) -> list[str]:
    """Of a look-alike there is nothing to find."""
    cells = dict.fromkeys(_COLUMNS, "") | {
        "inj.": f"{row.figures.injected:,}",
        "false": f"{row.figures.false:,}",
    }
    return list(cells.values())


def _cells(figures: Figures, bound_s: float | None = None) -> list[str]:
    counts = (
        figures.injected,
        figures.found,
        figures.missed,
        figures.false,
        figures.repeats,
    )
    return [
        *(f"{count:,}" for count in counts),
        *(shown(value) for value in (figures.precision, figures.recall)),
        *(delay_shown(value) for value in (figures.median_delay_s, bound_s, figures.p95_delay_s)),
    ]


def shown(value: float | None) -> str:
    """A share for people; a dash for none."""
    return "-" if value is None else f"{value:.3f}"


def delay_shown(seconds: float | None) -> str:
    """A delay for people."""
    if seconds is None:
        return "-"
    return f"{seconds:.1f} s" if seconds < _MINUTES_FROM_S else f"{seconds / 60:.1f} min"
