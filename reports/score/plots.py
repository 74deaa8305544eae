"""The plots of a score as SVG. The only module that loads matplotlib, which takes its time."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.score.figures import Score, TypeScore

__all__ = ["delay_plot", "incident_plot", "share_plot"]

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, and the reader's fonts know Vietnamese
    "svg.hashsalt": "ioc",  # the same score, the same page
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_PRECISION, _RECALL, _BAR = "#4c78a8", "#f58518", "#54a24b"
_WIDTH_IN = 9.0
_ROW_IN = 0.34
_HEAD_IN = 1.1
_BAR_HEIGHT = 0.38
_MIN_S = 0.1  # a logarithmic axis has no zero
_LABELS = 8
_TIMELINE_ROWS = 5


def share_plot(score: Score) -> str:
    """Precision and recall of each type, as an SVG element."""
    rows = [row for row in score.types if row.real and (row.figures.observable or row.figures.false)][::-1]
    bars = {
        "độ chính xác / precision": (_BAR_HEIGHT / 2, _PRECISION, [row.figures.precision for row in rows]),
        "độ bao phủ / recall": (-_BAR_HEIGHT / 2, _RECALL, [row.figures.recall for row in rows]),
    }

    def draw(figure: Figure, axes: Axes) -> None:
        for label, (shift, colour, shares) in bars.items():
            at = [place + shift for place in range(len(rows))]
            axes.barh(at, [share or 0 for share in shares], _BAR_HEIGHT, color=colour, label=label)
        axes.set_yticks(range(len(rows)), [row.fault for row in rows])
        axes.set_xlim(0, 1)
        figure.legend(loc="outside upper right", ncols=2, frameon=False)

    return _drawn(draw, len(rows))


def delay_plot(score: Score) -> str:
    """How the delays of each type are spread, as an SVG element."""
    rows = [row for row in score.types if row.real and row.figures.delays_s][::-1]

    def draw(_figure: Figure, axes: Axes) -> None:
        if rows:
            axes.boxplot(
                [_above_zero(row) for row in rows],
                orientation="horizontal",
                tick_labels=[f"{row.fault} ({len(row.figures.delays_s)})" for row in rows],
                whis=(5, 95),
                flierprops={"markersize": 3},
            )
            axes.set_xscale("log")
        axes.set_xlabel("độ trễ, giây / delay, seconds")

    return _drawn(draw, len(rows))


def incident_plot(score: Score, zone: ZoneInfo) -> str:
    """Notified incidents of each hour, as an SVG element."""
    counts = score.incidents_by_hour
    begins = datetime.fromtimestamp(score.from_ms / 1000, zone)
    places = range(0, len(counts), max(1, len(counts) // _LABELS))

    def draw(_figure: Figure, axes: Axes) -> None:
        axes.bar(range(len(counts)), counts, width=0.9, align="edge", color=_BAR)
        axes.set_xticks(places, [f"{begins + timedelta(hours=hour):%d/%m %H:%M}" for hour in places])
        axes.set_ylabel("vụ việc / incidents")

    return _drawn(draw, _TIMELINE_ROWS)


def _above_zero(row: TypeScore) -> list[float]:
    return [max(delay, _MIN_S) for delay in row.figures.delays_s]


def _drawn(draw: Callable[[Figure, Axes], None], rows: int) -> str:
    """What was drawn on axes with room for so many rows, as an element without an XML head."""
    text = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH_IN, _HEAD_IN + _ROW_IN * max(rows, 1)), layout="constrained")
        draw(figure, figure.add_subplot())
        figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
