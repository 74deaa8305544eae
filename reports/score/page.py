"""A score as one HTML file with plots, in Vietnamese and English; it needs no network."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from devices.cities import load_city
from reports.score.figures import Score
from reports.score.plots import delay_plot, incident_plot, share_plot
from reports.score.table import delay_shown, shown
from reports.score.times import rfc3339

__all__ = ["score_page", "write_page"]

_UTC = ZoneInfo("UTC")


def write_page(path: Path, score: Score) -> None:
    """Write the page.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(score_page(score), encoding="utf-8")


def score_page(score: Score) -> str:
    """The page's HTML."""
    environment = Environment(
        loader=PackageLoader("reports.score"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    zone = _zone(score.city)

    def local(at_ms: int) -> str:
        return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"

    environment.filters |= {"share": shown, "delay": delay_shown, "local": local, "rfc3339": rfc3339}
    plots = {
        "shares": share_plot(score),
        "delays": delay_plot(score),
        "incidents": incident_plot(score, zone),
    }
    # The plots are ours, and matplotlib escapes the names in them.
    safe = {name: Markup(svg) for name, svg in plots.items()}  # noqa: S704
    return environment.get_template("score.html.j2").render(score=score, zone=zone.key, plots=safe)


def _zone(city: str) -> ZoneInfo:
    """The city's time zone; UTC for a city that this version does not know."""
    try:
        return load_city(city).zone
    except LookupError:
        return _UTC
