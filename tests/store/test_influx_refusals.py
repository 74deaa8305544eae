"""A refused write costs only its bad rows: on a real InfluxDB."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from devices.batch import ReadingBatch
from devices.catalogue import kinds
from devices.refused import REFUSAL
from store.influx_client import InfluxAddress, InfluxConnection
from store.influx_store import InfluxTelemetryStore
from store.influx_writing import RowWriter
from store.line_protocol import reading_lines
from store.row_keys import keyed
from tests.influx_server import temporary_bucket
from tests.store.readings import many_lamps

pytestmark = pytest.mark.influx
DAY = timedelta(days=1)
ROWS = 12_000  # three requests


@pytest.fixture
def store(influx_bucket: InfluxAddress) -> Iterator[InfluxTelemetryStore]:
    opened = InfluxTelemetryStore(influx_bucket)
    yield opened
    opened.close()


def written_sequences(store: InfluxTelemetryStore, frame: pl.DataFrame) -> tuple[list[int], dict[int, str]]:
    """What is stored after writing, and what was refused and why, by sequence."""
    refused = store.write(ReadingBatch("streetlight", frame))
    return (
        [frame.height, store.counts()["streetlight"]],
        dict(refused.select("seq", REFUSAL).rows()),
    )


def test_unparsable_lines_are_refused_and_all_others_stored(store: InfluxTelemetryStore) -> None:
    bad = [0, 17, 18, 4_999, 5_000, ROWS - 1]
    infinite = pl.when(pl.col("seq").is_in(bad)).then(math.inf).otherwise("power_w")
    counts, refused = written_sequences(store, many_lamps(ROWS).with_columns(power_w=infinite))
    assert counts == [ROWS, ROWS - len(bad)]
    assert sorted(refused) == bad
    assert set(refused.values()) == {"line protocol: invalid boolean"}  # InfluxDB takes inf for a word


def test_rows_whose_type_conflicts_are_refused_and_all_others_stored(
    store: InfluxTelemetryStore, influx_bucket: InfluxAddress
) -> None:
    frame = many_lamps(ROWS)
    connection = InfluxConnection(influx_bucket)
    at_ns = int(frame["measured_at"].dt.epoch("ns")[0])
    connection.write(f"streetlight,area=x,device=y temp_c=1i {at_ns}".encode())
    connection.close()
    hot = pl.when(pl.col("seq") % 1_000 == 3).then(40.0)
    counts, refused = written_sequences(store, frame.with_columns(temp_c=hot))
    assert counts == [ROWS, ROWS - 12]
    assert sorted(refused) == list(range(3, ROWS, 1_000))
    assert all("field type conflict" in why and "temp_c" in why for why in refused.values())


def test_rows_older_than_the_retention_are_refused_and_all_others_stored(
    influx_server: InfluxAddress,
) -> None:
    now = datetime.now(UTC)
    with temporary_bucket(influx_server, retention_days=1) as address:
        store = InfluxTelemetryStore(address)
        frame = many_lamps(ROWS, until=now)
        old = pl.when(pl.col("seq") % 2 == 0).then(pl.col("measured_at") - 3 * DAY).otherwise("measured_at")
        counts, refused = written_sequences(store, frame.with_columns(measured_at=old))
        store.close()
    assert counts == [ROWS, ROWS // 2]
    assert sorted(refused) == list(range(0, ROWS, 2))
    assert all("retention" in why for why in refused.values())


class CountingConnection(InfluxConnection):
    """A connection that counts what it sends."""

    requests = 0

    def write(self, lines: bytes) -> None:
        self.requests += 1
        super().write(lines)


def test_batch_that_is_wholly_bad_costs_one_request_more(influx_server: InfluxAddress) -> None:
    with temporary_bucket(influx_server, retention_days=1) as address:
        connection = CountingConnection(address)
        writer = RowWriter(connection)
        rows = keyed(many_lamps(100, until=datetime.now(UTC) - 3 * DAY))
        refused = writer.write(rows, lambda part: reading_lines(part, kinds()["streetlight"]))
        writer.close()
        connection.close()
    assert (refused.height, connection.requests) == (100, 2)


def test_bucket_is_made_once_and_its_retention_follows_the_setting(influx_server: InfluxAddress) -> None:
    with temporary_bucket(influx_server, retention_days=1) as address:
        for days in (7, 7, 0):
            connection = InfluxConnection(replace(address, retention_days=days))
            connection.make_bucket()
            bucket = connection.bucket()
            assert bucket is not None
            assert [rule.every_seconds for rule in bucket.retention_rules] == [days * 86_400]
            connection.close()
