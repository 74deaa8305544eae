import io
import re
from dataclasses import replace

from rich.console import Console

from reports.score.figures import Score
from reports.score.page import score_page
from reports.score.scoring import score
from reports.score.table import score_table
from tests.reports.score.support import BOOK, injection, raised, reports, suspected, truth


def result(base_url: str = "") -> Score:
    speeding = injection("T-1", fault="speeding", kind="traffic-camera", rules=("camera.speeding",), events=2)
    alike = injection("L-3", fault="false_zero", real=False, rules=())
    made = score(
        truth(injection("L-1"), injection("L-2<b>"), alike, speeding),
        reports(raised("L-1"), raised("L-3"), violations=(suspected(20),)),
        BOOK,
    )
    false = tuple(replace(one, why="0.4 < 6.0 && <true>") for one in made.false)
    return replace(made, false=false, base_url=base_url, run={"seconds": 1.5})


def test_page_needs_no_network_and_shows_what_was_missed_and_false() -> None:
    page = score_page(result())
    assert re.findall(r"(?:src=|href=|url\()[\"']?[^\"'#]", page) == []
    assert re.findall(r"<(?:script|link|iframe)|@import", page) == []
    assert page.count("<svg") == 3
    assert "L-2&lt;b&gt;" in page
    assert "0.4 &lt; 6.0 &amp;&amp; &lt;true&gt;" in page
    assert "false_zero" in page
    assert "seconds = 1.5" in page


def test_page_speaks_vietnamese_and_english() -> None:
    page = score_page(result())
    for vietnamese, english in (("độ bao phủ", "recall"), ("Bỏ sót", "Missed"), ("vụ việc", "incidents")):
        assert vietnamese in page
        assert english in page


def test_page_of_a_service_links_to_why_and_to_the_readings() -> None:
    page = score_page(result("http://ioc.example"))
    assert "http://ioc.example/v1/faults/lamp.out%7CL-3%7C" in page
    assert re.search(r"http://ioc\.example/v1/devices/L-2%3Cb%3E/telemetry\?from=\S+&amp;to=\S+Z", page)


def test_same_score_makes_the_same_page() -> None:
    assert score_page(result()) == score_page(result())


def test_page_of_an_empty_run_and_an_unknown_city_is_made() -> None:
    empty = replace(score(truth(), reports(), BOOK), city="nowhere")
    assert "(UTC)" in score_page(empty)


def test_table_has_a_row_for_each_type_and_the_totals() -> None:
    output = io.StringIO()
    Console(file=output, width=100).print(score_table(result()))
    rows = [line.split() for line in output.getvalue().splitlines()]
    counts, delays = ["2", "1", "1", "1", "0"], ["5.1", "min", "6.0", "min", "5.1", "min"]
    assert ["lamp_out", *counts, "0.500", "0.500", *delays] in rows
    assert ["false_zero", "1", "1"] in rows
    names = ("speeding", "all faults", "faults with a rule", "violations")
    assert [name for name in names if f"\n {name} " not in output.getvalue()] == []
    assert "single violations: 1 of 2 suspected" in output.getvalue()


def test_table_marks_types_without_a_rule() -> None:
    output = io.StringIO()
    uncovered = injection(fault="cycling", rules=("lamp.cycling",))
    Console(file=output, width=100).print(score_table(score(truth(uncovered), reports(), BOOK)))
    assert "cycling *" in output.getvalue()
    assert "* no rule yet" in output.getvalue()
