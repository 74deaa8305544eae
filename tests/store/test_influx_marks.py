"""Marks of what is to be summed up: as few requests as there can be, and none too few."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from devices.batch import ReadingBatch
from devices.catalogue import kinds
from devices.clock import Clock, SteppedClock
from store.influx_client import InfluxAddress, InfluxConnection
from store.influx_store import InfluxTelemetryStore
from store.influx_writing import RowWriter
from store.line_protocol import MARKS, reading_lines
from store.resolutions import Resolution
from store.retention import KEPT_FOR_GOOD
from store.rollups.keeper import RollupKeeper
from store.rollups.marks import OpenWindows
from store.row_keys import keyed
from store.telemetry import Selection
from tests.store.readings import many_lamps

MINUTE_MS = 60_000
NOWHERE = InfluxAddress(url="http://127.0.0.1:9", org="o", bucket="b", token="")
START = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)
START_MS = round(START.timestamp() * 1000)


class Sent:
    """What was to be written."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    @property
    def marks(self) -> int:
        """How many requests were marks."""
        return sum(one.startswith(MARKS.encode()) for one in self.lines)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """A server that takes everything; nothing is connected."""
    found = Sent()
    monkeypatch.setattr(InfluxConnection, "write", lambda _self, lines: found.lines.append(lines))
    return found


def store_of(clock: Clock | None) -> InfluxTelemetryStore:
    return InfluxTelemetryStore(NOWHERE, KEPT_FOR_GOOD, clock)


def lamps(at: datetime, seq: int = 1) -> ReadingBatch:
    frame = many_lamps(2, until=at).with_columns(
        measured_at=pl.lit(at).cast(pl.Datetime("ms", "UTC")), seq=pl.lit(seq, pl.Int64)
    )
    return ReadingBatch("streetlight", frame)


def test_writes_of_one_minute_mark_it_once_while_it_lasts(sent: Sent) -> None:
    clock = SteppedClock(START_MS + 1_000)
    store = store_of(clock)
    for second in range(1, 60):
        clock.step_to(START_MS + second * 1_000)
        store.write(lamps(START + timedelta(seconds=second)))
    assert (len(sent.lines), sent.marks) == (59 + 1, 1)
    clock.step_to(START_MS + MINUTE_MS + 1_000)
    store.write(lamps(START + timedelta(seconds=61)))
    assert sent.marks == 2
    # What comes when the minute is over may be too late for who sums it up now.
    for _ in range(3):
        store.write(lamps(START + timedelta(seconds=30)))
    assert sent.marks == 5
    store.close()


def test_without_a_clock_of_real_time_every_write_marks(sent: Sent) -> None:
    store = store_of(None)
    for second in range(3):
        store.write(lamps(START + timedelta(seconds=second)))
    assert sent.marks == 3
    store.close()


def test_mark_that_was_not_taken_is_set_by_the_next_write() -> None:
    windows = OpenWindows(SteppedClock(START_MS + 1_000))
    assert windows.unmarked("streetlight", [START_MS]) == [START_MS]
    assert windows.unmarked("streetlight", [START_MS]) == [START_MS]
    windows.note("streetlight", [START_MS])
    assert windows.unmarked("streetlight", [START_MS, START_MS - MINUTE_MS]) == [START_MS - MINUTE_MS]
    assert windows.unmarked("wifi-ap", [START_MS]) == [START_MS]


def test_request_is_as_large_as_its_rows_are_wide(sent: Sent) -> None:
    connection = InfluxConnection(NOWHERE)
    writer = RowWriter(connection)
    rows = keyed(many_lamps(50_000))
    writer.write(rows, lambda part: reading_lines(part, kinds()["streetlight"]))
    assert len(sent.lines) == 2
    sent.lines.clear()
    parts = [pl.lit(1.5).alias(f"part_{number}") for number in range(150)]
    writer.write(rows.with_columns(parts), lambda part: reading_lines(part, kinds()["streetlight"]))
    assert len(sent.lines) == 9
    assert max(one.count(b"\n") for one in sent.lines) < 6_500
    writer.close()
    connection.close()


@pytest.mark.influx
def test_minute_marked_once_is_summed_up_with_all_that_came(influx_bucket: InfluxAddress) -> None:
    clock = SteppedClock(START_MS)
    store = InfluxTelemetryStore(influx_bucket, KEPT_FOR_GOOD, clock)
    for second in (1, 20, 59):
        clock.step_to(START_MS + second * 1_000)
        store.write(lamps(START + timedelta(seconds=second)))
    clock.step_to(START_MS + 3 * MINUTE_MS)
    keeper = RollupKeeper(store)
    keeper.run(clock.now_ms())
    selection = Selection(kind="streetlight", from_ms=START_MS, to_ms=START_MS + MINUTE_MS)
    assert store.rollups(Resolution.MINUTE, selection)["readings"].to_list() == [3, 3]
    store.write(lamps(START + timedelta(seconds=40)))
    keeper.run(clock.now_ms())
    assert store.rollups(Resolution.MINUTE, selection)["readings"].to_list() == [4, 4]
    store.close()
