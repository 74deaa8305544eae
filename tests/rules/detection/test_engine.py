"""The engine's promises that no random history shows: lateness, reasons, restarts, what is handed on."""

import polars as pl
import pytest

from devices.batch import DEAD_LETTER_SCHEMA, STATUS_SCHEMA
from devices.registry import Device, Life
from devices.stream import DeadLetterBatch, Entry, Mark, StatusBatch
from rules.detection.engine import Engine
from rules.detection.outcome import Snapshot
from rules.faults import FaultCleared, FaultRaised, fault_id
from tests.rules.detection.support import (
    CITY,
    DARK,
    JOURNAL,
    MINUTE_MS,
    SILENT,
    START_MS,
    Bench,
    batch,
    dark,
    history,
    lamp,
    rule,
    told,
)


def _mark(minute: float, *, caught_up: bool = True) -> Mark:
    return Mark(START_MS + round(minute * MINUTE_MS), caught_up)


def test_reading_that_follows_the_last_one_is_applied_at_once() -> None:
    bench = Bench([DARK])
    bench.feed(batch([told(0, 1)]), _mark(3))
    (raised,) = bench.feed(batch([told(4, 2, power=0.0)]))
    assert isinstance(raised, FaultRaised)
    assert raised.since_ms == START_MS + 4 * MINUTE_MS
    assert raised.detected_at_ms == START_MS + 4 * MINUTE_MS + 500


def test_reading_after_a_missing_number_waits_until_the_watermark_passes_it() -> None:
    bench = Bench([DARK])
    bench.feed(batch([told(0, 1)]), _mark(3))
    assert bench.feed(batch([told(4, 3, power=0.0)]), _mark(5.9)) == []
    assert bench.engine.counters.waiting["streetlight"] == 1
    assert len(bench.feed(_mark(6.1))) == 1
    assert bench.engine.counters.waiting["streetlight"] == 0


def test_reading_that_fills_the_gap_lets_the_waiting_one_go() -> None:
    bench = Bench([DARK])
    bench.feed(batch([told(0, 1)]), _mark(3))
    bench.feed(batch([told(5, 3, power=0.0)]))
    (raised,) = bench.feed(batch([told(4, 2)]))
    assert isinstance(raised, FaultRaised)
    assert raised.since_ms == START_MS + 5 * MINUTE_MS


def test_idle_clock_stands_still_while_catching_up() -> None:
    bench = Bench([DARK])
    bench.feed(batch([told(0, 1)]), _mark(3))
    assert bench.feed(batch([told(4, 3, power=0.0)]), _mark(30, caught_up=False)) == []


def test_late_reading_is_counted_and_rewrites_nothing() -> None:
    bench = Bench([DARK])
    bench.feed(batch([told(0, 1), told(1, 2), told(5, 6)]), _mark(8))
    assert bench.feed(batch([told(2, 3, power=0.0)])) == []
    assert bench.engine.counters.late["streetlight"] == 1


def test_readings_with_one_late_among_them_apply_the_others() -> None:
    bench = Bench([DARK], [lamp("lamp-1"), lamp("lamp-2")])
    bench.feed(batch([told(9, 1), told(9, 1, device="lamp-2")]), _mark(12))
    bench.feed(batch([told(2, 0, power=0.0), told(10, 2, power=0.0, device="lamp-2")]))
    assert list(history(bench.changes)) == [("lamp.dark", "lamp-2", 10 * MINUTE_MS)]


def test_repeated_reading_is_applied_once() -> None:
    bench = Bench([rule("lamp.twice", dark(0, min_samples=2))])
    bench.feed(batch([told(0, 1, power=0.0)]), _mark(3), batch([told(0, 1, power=0.0)]), _mark(6))
    assert bench.changes == []
    assert bench.engine.counters.duplicates["streetlight"] == 1


def test_reading_of_an_unknown_device_is_counted_and_harmless() -> None:
    bench = Bench([DARK])
    bench.feed(batch([told(0, 1, power=0.0, device="stranger")]), _mark(9))
    assert bench.changes == []
    assert bench.engine.counters.unknown_devices == 1


@pytest.mark.parametrize("life", [Life.PLANNED, Life.COMMISSIONING, Life.OUT_OF_SERVICE, Life.RETIRED])
def test_device_out_of_service_has_no_faults(life: Life) -> None:
    bench = Bench([DARK, SILENT], [lamp("lamp-1", life=life), lamp("lamp-2")])
    bench.feed(_mark(0), batch([told(0, 1, power=0.0), told(0, 1, power=0.0, device="lamp-2")]), _mark(30))
    assert {change.device for change in bench.changes} == {"lamp-2"}


def test_fault_says_why_with_values_readings_and_timers() -> None:
    bench = Bench([rule("lamp.dark", dark(1, min_samples=2))])
    bench.feed(batch([told(0, 1), told(1, 2, power=4.2), told(2, 3, power=3.0)]), _mark(9))
    (raised,) = bench.changes
    assert isinstance(raised, FaultRaised)
    assert raised.id == fault_id("lamp.dark", "lamp-1", START_MS + MINUTE_MS)
    assert raised.why["expression"] == "m.cmd_on && m.power_w < 0.10 * d.rated_w"
    assert raised.why["values"] == "true && 3 < 0.1 * 60 (= 6)"
    assert raised.why["version"] == 1
    assert raised.why["timers"] == {"for_ms": MINUTE_MS, "held_ms": MINUTE_MS, "min_samples": 2, "samples": 2}
    assert raised.why["samples"][0] == {
        "measured_at_ms": START_MS + MINUTE_MS,
        "seq": 2,
        "values": {"m.cmd_on": True, "m.power_w": 4.2, "d.rated_w": 60.0},
    }
    assert raised.why["missing"] == "keep"
    assert raised.why["watermark_ms"] >= START_MS


def test_end_of_a_fault_says_why() -> None:
    bench = Bench([DARK])
    bench.feed(batch([told(0, 1, power=0.0), told(1, 2, power=50.0)]), _mark(9))
    cleared = bench.changes[-1]
    assert isinstance(cleared, FaultCleared)
    assert cleared.why["expression"] == "!(m.cmd_on && m.power_w < 0.10 * d.rated_w)"
    assert cleared.why["values"] == "!(true && 50 < 0.1 * 60 (= 6))"


def test_latest_is_the_newest_reading_of_each_device_even_if_it_waits_or_is_late() -> None:
    bench = Bench([DARK], [lamp("lamp-1"), lamp("lamp-2")])
    entries = [
        batch([told(5, 7), told(0, 1, device="lamp-2")]),
        batch([told(4, 6), told(1, 2, device="lamp-2")]),
    ]
    bench.engine.process([Entry(number, content) for number, content in enumerate(entries, 1)])
    (latest,) = bench.engine.take_outcome(JOURNAL).latest
    newest = dict(latest.frame.select("device", "seq").iter_rows())
    assert (latest.kind, newest) == ("streetlight", {"lamp-1": 7, "lamp-2": 2})
    assert latest.frame.columns == entries[0].frame.columns


def test_outcome_hands_on_statuses_and_dead_letters_with_their_entry() -> None:
    bench = Bench([DARK])
    status = pl.DataFrame([{"device": "lamp-1", "online": False}], schema=dict(STATUS_SCHEMA))
    letter = pl.DataFrame([{"reason": "schema", "payload": b"x"}], schema=dict(DEAD_LETTER_SCHEMA))
    bench.engine.process(
        [Entry(4, StatusBatch(status)), Entry(7, DeadLetterBatch(letter)), Entry(9, _mark(1))]
    )
    outcome = bench.engine.take_outcome(JOURNAL)
    assert outcome.statuses["device"].to_list() == ["lamp-1"]
    assert outcome.dead_letters.select("reason", "entry").row(0) == ("schema", 7)
    assert outcome.snapshot.position is not None
    assert (outcome.snapshot.position.journal, outcome.snapshot.position.number) == (JOURNAL, 9)


def test_outcome_of_nothing_is_empty_with_the_right_columns() -> None:
    outcome = Bench([DARK]).engine.take_outcome(JOURNAL)
    assert (outcome.changes, outcome.latest, outcome.snapshot.position) == ((), [], None)
    assert outcome.statuses.schema == dict(STATUS_SCHEMA)
    assert outcome.dead_letters.schema == dict(DEAD_LETTER_SCHEMA) | {"entry": pl.Int64}


def test_snapshot_holds_only_the_devices_touched_since_the_last() -> None:
    bench = Bench([DARK], [lamp("lamp-1"), lamp("lamp-2")])
    bench.feed(batch([told(0, 1), told(0, 1, device="lamp-2")]), _mark(9))
    bench.engine.process([Entry(9, batch([told(1, 2)]))])
    assert bench.engine.take_outcome(JOURNAL).snapshot.devices.keys() == {"lamp-1"}
    assert bench.engine.take_outcome(JOURNAL).snapshot.devices == {}


def test_has_changes_until_they_are_taken() -> None:
    engine = Engine([DARK], Bench([DARK]).registry, (), CITY)
    engine.process([Entry(1, batch([told(0, 1, power=0.0)])), Entry(2, _mark(9))])
    assert engine.has_changes
    engine.take_outcome(JOURNAL)
    assert not engine.has_changes


def test_restart_without_the_rule_ends_its_fault_and_forgets_it() -> None:
    bench = Bench([DARK])
    bench.feed(batch([told(0, 1, power=0.0)]), _mark(9))
    (cleared,) = bench.restart(rules=[SILENT])
    assert isinstance(cleared, FaultCleared)
    assert cleared.id == fault_id("lamp.dark", "lamp-1", START_MS)
    assert "no longer watches" in cleared.why["expression"]
    assert bench.restart(rules=[DARK]) == []


@pytest.mark.parametrize(
    ("devices", "reason"),
    [([lamp("lamp-2")], "no longer in the registry"), ([lamp(life=Life.RETIRED)], "no longer in service")],
)
def test_restart_without_the_device_ends_its_faults(devices: list[Device], reason: str) -> None:
    bench = Bench([DARK, SILENT])
    bench.feed(_mark(0), batch([told(0, 1, power=0.0)]), _mark(9))
    ended = bench.restart(devices=devices)
    assert {change.rule for change in ended} == {"lamp.dark", "lamp.silent"}
    assert all(reason in change.why["expression"] for change in ended)
    assert bench.restart(devices=devices) == []


def test_restart_of_an_empty_snapshot_begins_anew() -> None:
    bench = Bench([DARK])
    bench.engine.restore(Snapshot(None))
    assert bench.engine.take_outcome(JOURNAL).snapshot.position is None
