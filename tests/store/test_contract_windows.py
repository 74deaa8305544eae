"""What every backend must answer about windows of time."""

from typing import Any

import pytest

from store.telemetry import TelemetryStore, top_devices
from store.windows import Aggregate, GroupBy, WindowQuery
from tests.store.contract import HOUR_MS, MIDNIGHT, hourly, lamps


@pytest.mark.parametrize(
    ("aggregate", "first", "third"),
    [
        (Aggregate.MEAN, 15.0, 45.0),
        (Aggregate.MIN, 10.0, 30.0),
        (Aggregate.MAX, 20.0, 60.0),
        (Aggregate.SUM, 30.0, 90.0),
        (Aggregate.COUNT, 2, 2),
        (Aggregate.FIRST, 10.0, 60.0),
        (Aggregate.LAST, 20.0, 30.0),
        (Aggregate.PERCENTILE, 20.0, 60.0),
    ],
)
def test_windows_aggregate_each_device(
    filled: TelemetryStore, aggregate: Aggregate, first: float, third: float
) -> None:
    found = hourly(filled, aggregate=aggregate, devices=["L0"])
    assert found == [("L0", 0, first), ("L0", 2, third)]


def test_windows_of_integers_texts_and_booleans_keep_their_type(filled: TelemetryStore) -> None:
    last = hourly(
        filled, aggregate=Aggregate.LAST, fields=["switch_on_count", "cmd_on", "power_state"], devices=["L0"]
    )
    assert last == [("L0", 0, 30, False, "on"), ("L0", 2, 150, True, "on")]
    total = hourly(filled, aggregate=Aggregate.SUM, fields=["switch_on_count"], devices=["L0"])
    assert [row[2] for row in total] == [30, 270]
    assert all(type(row[2]) is int for row in total)


def test_windows_fill_gaps_with_null_and_counts_with_zero(filled: TelemetryStore) -> None:
    found = hourly(filled, fill_gaps=True)
    assert found == [
        ("L0", 0, 15.0), ("L0", 1, None), ("L0", 2, 45.0), ("L0", 3, None),
        ("L2", 0, None), ("L2", 1, 7.0), ("L2", 2, None), ("L2", 3, None),
    ]  # fmt: skip
    counted = hourly(filled, fill_gaps=True, aggregate=Aggregate.COUNT, devices=["L2"])
    assert [row[2] for row in counted] == [0, 1, 0, 0]


def test_windows_of_areas_and_of_the_whole_kind(filled: TelemetryStore) -> None:
    assert hourly(filled, group_by=GroupBy.AREA) == [
        ("ban-thach", 1, 7.0), ("tam-ky", 0, 15.0), ("tam-ky", 2, 45.0)
    ]  # fmt: skip
    assert hourly(filled, group_by=GroupBy.KIND) == [(0, 15.0), (1, 7.0), (2, 45.0)]
    assert hourly(filled, areas=["ban-thach"], every_ms=0) == [("L2", 0, 7.0)]
    assert hourly(filled, devices=["L0"], areas=["ban-thach"]) == []


def test_windows_of_days_begin_at_local_midnight(store: TelemetryStore) -> None:
    store.write(
        lamps({"ts": MIDNIGHT - 1, "power_w": 1.0}, {"ts": MIDNIGHT, "power_w": 2.0},
              {"ts": MIDNIGHT + 24 * HOUR_MS - 1, "power_w": 4.0})
    )  # fmt: skip
    span = {"from_ms": MIDNIGHT - 24 * HOUR_MS, "to_ms": MIDNIGHT + 24 * HOUR_MS, "every_ms": 24 * HOUR_MS}
    assert hourly(store, **span) == [("L0", -24, 1.0), ("L0", 0, 3.0)]
    assert hourly(store, **span, zone="UTC") == [("L0", -17, 1.5), ("L0", 7, 4.0)]


def test_windows_refuse_the_mean_of_a_text(store: TelemetryStore) -> None:
    with pytest.raises(LookupError, match="power_state"):
        hourly(store, fields=["power_state"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"percentile": 49.0}, "from 50 to 100"),
        ({"to_ms": MIDNIGHT}, "from < to"),
        ({"every_ms": 1, "to_ms": MIDNIGHT + HOUR_MS}, "at most 100000 windows"),
        ({"fields": []}, "at least one field"),
        ({"zone": "Europe/Paris", "from_ms": MIDNIGHT - 90 * 24 * HOUR_MS}, "offset"),
    ],
)
def test_windows_that_no_backend_could_answer_are_refused(
    store: TelemetryStore, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        hourly(store, **changes)


def test_top_devices_are_those_with_the_highest_value(filled: TelemetryStore) -> None:
    filled.write(lamps({"lamp": 1, "ts": MIDNIGHT, "power_w": 59.0}))
    query = WindowQuery(
        kind="streetlight",
        fields=["power_w"],
        aggregate=Aggregate.MAX,
        from_ms=0,
        to_ms=2 * MIDNIGHT,
        zone="UTC",
    )
    assert top_devices(filled, query, 2).rows() == [("L0", 60.0), ("L1", 59.0)]
