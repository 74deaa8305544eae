import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from app.summary import Summary
from collector.fates import Balance, Fate, Tally

TALLY = Tally()
for fate, count in ((Fate.RECEIVED, 10), (Fate.WRITTEN, 4), (Fate.EVENTS, 1), (Fate.STATUS, 2)):
    TALLY.add(fate, count)
TALLY.add(Fate.DEAD_LETTERED, 1, "schema")
SUMMARY = Summary.of(Balance(TALLY, pending=2), seconds_to_ready=1.234, faults=3, violations=5)


def test_summary_adds_up_exactly_when_every_record_has_a_fate() -> None:
    assert SUMMARY.adds_up
    assert not replace(SUMMARY, duplicates=1).adds_up


def test_summary_as_json_has_the_promised_figures(tmp_path: Path) -> None:
    SUMMARY.write_json(tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text()) == {
        "seconds_to_ready": 1.23,
        "received": 10,
        "written": 4,
        "events": 1,
        "status": 2,
        "ignored": 0,
        "dead_lettered": 1,
        "duplicates": 0,
        "pending": 2,
        "faults": 3,
        "violations": 5,
    }


def test_summary_table_speaks_both_languages() -> None:
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(replace(SUMMARY, pending=3).table())
    shown = console.export_text()
    assert "suspected violations" in shown
    assert "nghi vấn vi phạm" in shown
    assert "NO" in shown
