"""`ioc report`: the digest of a shift and the weekly report, as HTML and CSV."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import check_writable, choice
from app.configuration import load_settings
from app.operations import operations_at_rest
from app.registering.options import DATA, Data
from app.registering.printing import consoles, refusals
from devices.cities import load_city
from devices.clock import milliseconds
from reports.kpis import Period, figures_of
from reports.operations_report import Report, ReportKind, report_csv, report_html, report_text
from store.operations.report_rows import ReportRows

__all__ = ["COMMAND"]

COMMAND = typer.Typer(add_completion=False, no_args_is_help=True)
_, _errors = consoles()
_DIGEST_HOURS = 8
Out = Annotated[
    Path | None, typer.Option(help="Write OUT.html and OUT.csv; default: print the main figures only.")
]
Language = Annotated[str, typer.Option("--lang", help="vi or en.")]
Until = Annotated[
    datetime | None, typer.Option("--to", help="End of the period, in the city's time; default: now.")
]


@COMMAND.callback(help="The digest of a shift and the weekly report, as HTML and CSV.")
def _group() -> None:
    """The digest of a shift and the weekly report, as HTML and CSV."""


@COMMAND.command("digest")
def digest(
    out: Out = None,
    hours: Annotated[float, typer.Option(min=0.1, help="Length of the shift.")] = _DIGEST_HOURS,
    to: Until = None,
    lang: Language = "vi",
    data: Data = DATA,
) -> None:
    """What a shift leaves to the next one: opened, cleared, still open by crew and age."""
    _make("report digest", ReportKind.DIGEST, timedelta(hours=hours), to, lang, out, data)


@COMMAND.command("weekly")
def weekly(out: Out = None, to: Until = None, lang: Language = "vi", data: Data = DATA) -> None:
    """The seven days before a moment."""
    _make("report weekly", ReportKind.WEEKLY, timedelta(days=7), to, lang, out, data)


def _make(
    command: str,
    kind: ReportKind,
    length: timedelta,
    to: datetime | None,
    lang: str,
    out: Path | None,
    data: Path | None,
) -> None:
    with refusals(command, _errors):
        language = choice("--lang", lang, ("vi", "en"))
        check_writable("--out", out)
        city = load_city(load_settings(data_dir=data).city)
        end = to.replace(tzinfo=city.zone) if to is not None else datetime.now(city.zone)
        period = Period(from_ms=milliseconds((end - length).timestamp()), to_ms=milliseconds(end.timestamp()))
        with operations_at_rest(data) as database:
            figures = figures_of(ReportRows(database).between(period.from_ms, period.to_ms), period)
        report = Report(kind=kind, figures=figures, city=city.label, zone=city.zone, language=language)
        if out is not None:
            out.with_suffix(".html").write_text(report_html(report), encoding="utf-8")
            out.with_suffix(".csv").write_text(report_csv(report), encoding="utf-8-sig", newline="")
    typer.echo(report_text(report))
