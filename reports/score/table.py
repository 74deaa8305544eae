"""A score as a table for the terminal."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from reports.score.figures import Figures, Score, TypeScore

__all__ = ["score_table", "shown"]

_COLUMNS = (
    "injected",
    "observable",
    "found",
    "missed",
    "false",
    "repeats",
    "precision",
    "recall",
    "median",
    "p95",
)


def score_table(score: Score) -> Group:
    """A row for each type, the totals, and what they do not say."""
    table = Table(title=_title(score), title_justify="left")
    table.add_column("type", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right")
    table.add_column("rule", no_wrap=True)
    for row in score.types:
        table.add_row(row.fault, *_cells(row), _coverage(row))
    table.add_section()
    table.add_row("all faults", *_figures(score.faults), "", style="bold")
    table.add_row("with a rule", *_figures(score.covered), "")
    if score.violations.injected:
        table.add_row("violations", *_figures(score.violations), "")
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
    return words


def _cells(row: TypeScore) -> list[str]:
    if row.real:
        return _figures(row.figures)
    return [f"{row.figures.injected:,}", "", "", "", f"{row.figures.false:,}", *[""] * 5]


def _coverage(row: TypeScore) -> str:
    if not row.real:
        return "look-alike"
    return "" if row.covered else "none yet"


def _figures(figures: Figures) -> list[str]:
    counts = (
        figures.injected,
        figures.observable,
        figures.found,
        figures.missed,
        figures.false,
        figures.repeats,
    )
    return [
        *(f"{count:,}" for count in counts),
        *(shown(value) for value in (figures.precision, figures.recall)),
        *(delay_shown(value) for value in (figures.median_delay_s, figures.p95_delay_s)),
    ]


def shown(value: float | None) -> str:
    """A share for people; a dash for none."""
    return "-" if value is None else f"{value:.3f}"


def delay_shown(seconds: float | None) -> str:
    """A delay for people."""
    if seconds is None:
        return "-"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"  # noqa: PLR2004 - where minutes read better
