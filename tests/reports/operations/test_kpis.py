"""The figures of reports, by hand and by what must hold."""

from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from devices.description import Label
from reports.kpis import Period, figures_of
from reports.operations_report import Report, ReportKind, report_csv, report_html, report_text
from rules.faults import Severity
from store.operations.report_rows import ReportedIncident

HOUR_MS = 3_600_000
PERIOD = Period(from_ms=100 * HOUR_MS, to_ms=108 * HOUR_MS)


def reported(opened_h: float, cleared_h: float | None = None, **others: Any) -> ReportedIncident:
    values: dict[str, Any] = {
        "number": 1,
        "title": Label(vi="Đèn không sáng <1>", en="Lamp out <1>"),
        "device": "TK-L-0001",
        "kind": "streetlight",
        "area": "tam-ky",
        "severity": Severity.MINOR,
        "devices": 1,
        "opened_at_ms": round(opened_h * HOUR_MS),
        "cleared_at_ms": None if cleared_h is None else round(cleared_h * HOUR_MS),
        "acknowledged_at_ms": None,
        "crew": None,
    }
    return ReportedIncident(**(values | others))


def test_figures_by_hand() -> None:
    figures = figures_of(
        [
            reported(99, 101),
            reported(101, 104, acknowledged_at_ms=round(101.5 * HOUR_MS)),
            reported(102, 109, acknowledged_at_ms=109 * HOUR_MS, crew="lighting-1"),
            reported(107.5, device="=TK-W-001"),
            reported(103, 104, kind="collector", area="ioc", device="collector-1"),
        ],
        PERIOD,
    )
    assert (figures.opened, figures.cleared, figures.open) == (4, 3, 2)
    assert figures.unacknowledged == 3
    assert figures.mtta_ms == 0.5 * HOUR_MS
    assert figures.mttr_ms == (2 + 3 + 1) / 3 * HOUR_MS
    assert figures.open_by == {("lighting-1", 2): 1, ("", 0): 1}
    assert figures.crews == ["lighting-1", ""]
    assert list(figures.repeats) == [("TK-L-0001", 2)]
    assert [incident.device for incident in figures.platform] == ["collector-1"]


def test_nothing_happened_has_no_means() -> None:
    figures = figures_of([], PERIOD)
    assert (figures.mtta_ms, figures.mttr_ms, figures.open) == (None, None, 0)


INCIDENTS = st.lists(
    st.tuples(st.integers(90, 120), st.none() | st.integers(0, 40), st.none() | st.integers(0, 40)),
    max_size=20,
)


@given(INCIDENTS)
def test_whatever_happened_the_figures_add_up(spans: list[tuple[int, int | None, int | None]]) -> None:
    incidents = [
        reported(
            opened,
            None if lasted is None else opened + lasted,
            acknowledged_at_ms=None if noted is None else (opened + noted) * HOUR_MS,
        )
        for opened, lasted, noted in spans
        if lasted is None or (opened + lasted) * HOUR_MS >= PERIOD.from_ms
    ]
    figures = figures_of(incidents, PERIOD)
    before = sum(i.opened_at_ms < PERIOD.from_ms for i in incidents)
    assert before + figures.opened == figures.cleared + figures.open
    assert sum(figures.open_by.values()) == figures.open == len(figures.still_open)
    assert 0 <= figures.unacknowledged <= figures.opened
    assert (figures.mttr_ms is None) == (figures.cleared == 0)


def report(language: str) -> Report:
    figures = figures_of([reported(101, 104), reported(107.5, device="=TK-W-001")], PERIOD)
    city = Label(vi="Tam Kỳ", en="Tam Ky")
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    return Report(kind=ReportKind.WEEKLY, figures=figures, city=city, zone=zone, language=language)


def test_report_speaks_both_languages_and_escapes() -> None:
    vietnamese, english = report_html(report("vi")), report_html(report("en"))
    assert "Báo cáo tuần, Tam Kỳ, 12:00 05/01/1970 - 20:00 05/01/1970" in vietnamese
    assert "Đèn không sáng &lt;1&gt;" in vietnamese
    assert "Mean time to restoration (MTTR)" in english
    assert "180 min" in english
    assert "MTTR): 180 phút" in report_text(report("vi"))


def test_csv_has_every_figure_and_no_formula() -> None:
    lines = report_csv(report("en")).splitlines()
    assert lines[0] == "section,figure,by,value"
    assert "main,mttr_min,,180.0" in lines
    assert "main,mtta_min,," in lines
    assert "open,under 1 h,,1" in lines
    assert "still_open,1 Lamp out <1>,'=TK-W-001,minor" in lines
