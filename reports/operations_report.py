"""The digest of a shift and the weekly report: HTML for people, CSV for spreadsheets, in both languages."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from devices.description import Label
from reports.kpis import AGES, Figures

__all__ = ["Report", "ReportKind", "report_csv", "report_html", "report_text", "report_title"]


class ReportKind(StrEnum):
    """What a report sums up."""

    DIGEST = "digest"
    WEEKLY = "weekly"


@dataclass(frozen=True, kw_only=True)
class Report:
    """Figures with their kind, the city's name and time zone, and the language (`vi` or `en`)."""

    kind: ReportKind
    figures: Figures
    city: Label
    zone: ZoneInfo
    language: str


_TITLES = {
    ReportKind.DIGEST: Label(vi="Tổng hợp ca trực", en="Shift digest"),
    ReportKind.WEEKLY: Label(vi="Báo cáo tuần", en="Weekly report"),
}
_WORDS = {
    "opened": Label(vi="Sự cố mới", en="Opened"),
    "cleared": Label(vi="Đã hết", en="Cleared"),
    "open": Label(vi="Còn mở", en="Still open"),
    "unacknowledged": Label(vi="Mới mà chưa ai tiếp nhận", en="Opened and not acknowledged"),
    "mtta": Label(vi="Thời gian tiếp nhận trung bình (MTTA)", en="Mean time to acknowledge (MTTA)"),
    "mttr": Label(vi="Thời gian khôi phục trung bình (MTTR)", en="Mean time to restoration (MTTR)"),
    "by_crew": Label(vi="Còn mở theo đội và thời gian", en="Still open by crew and age"),
    "crew": Label(vi="Đội", en="Crew"),
    "nobody": Label(vi="chưa giao", en="nobody's"),
    "repeats": Label(vi="Thiết bị hỏng lặp lại", en="Devices that fail again and again"),
    "device": Label(vi="Thiết bị", en="Device"),
    "count": Label(vi="Số sự cố", en="Incidents"),
    "platform": Label(vi="Trục trặc của hệ thống", en="Troubles of the platform"),
    "list": Label(vi="Sự cố còn mở", en="Incidents still open"),
    "since": Label(vi="Từ lúc", en="Since"),
    "what": Label(vi="Sự cố", en="Incident"),
    "none": Label(vi="không có", en="none"),
    "minutes": Label(vi="phút", en="min"),
}
_TEMPLATES = Environment(
    loader=PackageLoader("reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def report_title(report: Report) -> str:
    """What the report is called, with its city and period."""
    period = report.figures.period
    dates = f"{_local(period.from_ms, report)} - {_local(period.to_ms, report)}"
    return f"{_say(_TITLES[report.kind], report)}, {_say(report.city, report)}, {dates}"


def report_html(report: Report) -> str:
    """The report as one page that needs no network."""
    return _TEMPLATES.get_template("operations.html.j2").render(
        report=report,
        figures=report.figures,
        title=report_title(report),
        ages=[_say(label, report) for _, label in AGES],
        word=lambda name: _say(_WORDS[name], report),
        say=lambda label: _say(label, report),
        local=lambda at_ms: _local(at_ms, report),
        shown=lambda mean_ms: _minutes(mean_ms, report),
    )


def report_text(report: Report) -> str:
    """The report's main figures in a few lines, for a phone."""
    return "\n".join([report_title(report), *(f"{name}: {value}" for name, value in _main(report))])


def report_csv(report: Report) -> str:
    """A line for each figure: section, name, what it is counted by, and the value; means in minutes."""
    figures, out = report.figures, io.StringIO()
    lines = csv.writer(out)
    lines.writerow(["section", "figure", "by", "value"])
    for name in ("opened", "cleared", "open", "unacknowledged"):
        lines.writerow(["main", name, "", getattr(figures, name)])
    for name, mean_ms in (("mtta_min", figures.mtta_ms), ("mttr_min", figures.mttr_ms)):
        lines.writerow(["main", name, "", "" if mean_ms is None else round(mean_ms / 60_000, 1)])
    for (crew, age), count in sorted(figures.open_by.items()):
        lines.writerow(["open", AGES[age][1].en, _plain(crew), count])
    lines.writerows(["repeat", "incidents", _plain(device), count] for device, count in figures.repeats)
    for section, listed in (("platform", figures.platform), ("still_open", figures.still_open)):
        for incident in listed:
            title = _plain(_say(incident.title, report))
            lines.writerow(
                [section, f"{incident.number} {title}", _plain(incident.device), incident.severity]
            )
    return out.getvalue()


def _main(report: Report) -> Iterator[tuple[str, str]]:
    figures = report.figures
    for name in ("opened", "cleared", "open", "unacknowledged"):
        yield _say(_WORDS[name], report), str(getattr(figures, name))
    yield _say(_WORDS["mtta"], report), _minutes(figures.mtta_ms, report)
    yield _say(_WORDS["mttr"], report), _minutes(figures.mttr_ms, report)


def _say(label: Label, report: Report) -> str:
    return label.vi if report.language == "vi" else label.en


def _local(at_ms: int, report: Report) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(report.zone):%H:%M %d/%m/%Y}"


def _minutes(mean_ms: float | None, report: Report) -> str:
    if mean_ms is None:
        return _say(_WORDS["none"], report)
    return f"{mean_ms / 60_000:.0f} {_say(_WORDS['minutes'], report)}"


def _plain(text: str) -> str:
    """The text such that no spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text
