"""Line protocol as a real InfluxDB reads it."""

import uuid
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from devices.batch import ReadingBatch
from devices.catalogue import kinds
from store.influx_client import InfluxAddress
from store.influx_store import InfluxTelemetryStore
from store.line_protocol import reading_lines
from store.row_keys import keyed
from store.telemetry import Selection
from tests.store.readings import many_lamps

ALL = Selection(kind="streetlight", from_ms=0, to_ms=2 * 10**12)
INT64 = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
# What JSON text may hold; a lone surrogate is no text, and polars cannot hold one.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES = st.fixed_dictionaries(
    {
        "power_state": st.none() | TEXTS,
        "power_w": st.none() | FLOATS,
        "switch_on_count": st.none() | INT64,
        "cmd_on": st.none() | st.booleans(),
        "seq": st.none() | st.integers(0, 2**63 - 1),
    }
)


def test_reading_becomes_a_line_with_what_it_has_and_nothing_else() -> None:
    frame = many_lamps(2, until=datetime(2025, 11, 25, tzinfo=UTC)).with_columns(
        power_state=pl.Series([None, 'say "no"\\']), switch_on_count=pl.Series([7, None]), cmd_on=pl.lit(True)
    )
    first, second = reading_lines(keyed(frame), kinds()["streetlight"])
    assert first == (
        "streetlight,area=tam-ky,device=L0 received_at=1764028799998i,seq=0i,cmd_on=true,power_w=0.0,"
        "switch_on_count=7i 1764028799998000000"
    )
    assert second == (
        "streetlight,area=tam-ky,device=L1 received_at=1764028799999i,seq=1i,cmd_on=true,"
        'power_state="say \\"no\\"\\\\",power_w=0.14285714285714285 1764028799999000001'
    )


@pytest.mark.influx
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(
    rows=[
        {"power_state": "a\x85b\u2028c\r\n\0", "power_w": 1.0, "switch_on_count": 1, "cmd_on": True, "seq": 1}
    ]
)
@given(rows=st.lists(VALUES, min_size=1, max_size=8))
def test_any_value_that_a_column_holds_comes_back_as_it_was(
    influx_bucket: InfluxAddress, rows: list[dict[str, object]]
) -> None:
    frame = many_lamps(len(rows))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    device = f"d-{uuid.uuid4().hex}"
    written = frame.with_columns(
        *(pl.Series(name, values, dtype=frame.schema[name]) for name, values in columns.items()),
        device=pl.lit(device),
    )
    store = InfluxTelemetryStore(influx_bucket)
    try:
        assert store.write(ReadingBatch("streetlight", written)).is_empty()
        selection = Selection(kind="streetlight", from_ms=0, to_ms=2 * 10**12, devices=[device])
        found = pl.concat([batch.frame for batch in store.export(selection)]).sort("measured_at")
    finally:
        store.close()
    assert found.equals(written)


@pytest.mark.influx
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(area=TEXTS.filter(bool))
def test_any_tag_is_stored_as_it_is_or_refused(influx_bucket: InfluxAddress, area: str) -> None:
    written = many_lamps(1).with_columns(area=pl.lit(area), device=pl.lit(f"d-{uuid.uuid4().hex}"))
    store = InfluxTelemetryStore(influx_bucket)
    try:
        refused = store.write(ReadingBatch("streetlight", written))
        selection = Selection(kind="streetlight", from_ms=0, to_ms=2 * 10**12, devices=[written["device"][0]])
        found = [name for batch in store.export(selection) for name in batch.frame["area"]]
    finally:
        store.close()
    assert found == ([] if refused.height else [area])
