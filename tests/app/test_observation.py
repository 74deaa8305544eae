"""The service's own figures, as whoever scrapes them sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from app.data_directory import DataDirectory
from app.observation import PipelineMetrics
from app.settings import ServiceSettings
from app.wiring import Pipeline, Stores
from devices.cities import load_city
from devices.clock import SteppedClock
from devices.messages import RawMessage
from tests.collector.support import LAMPS, ScriptedSource, telemetry

NOW = 1_795_348_800_000
ROUND = [
    *(telemetry(ts=NOW + second * 1000, seq=second, power_w=60.0) for second in range(12)),
    telemetry(power_w="much"),
    RawMessage("$SYS/broker/publish/messages/dropped", b"7", retained=True),
]


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    directory = DataDirectory(tmp_path / "data")
    opened = Stores(directory, ServiceSettings())
    yield opened
    opened.close()
    directory.release()


async def test_metrics_say_what_came_what_waits_and_what_the_broker_dropped(stores: Stores) -> None:
    clock = SteppedClock(NOW)
    pipeline = Pipeline(
        settings=ServiceSettings(),
        stores=stores,
        clock=clock,
        city=load_city("tam-ky"),
        registry=LAMPS,
        programmes=(),
        source=ScriptedSource(ROUND),
    )
    registry = CollectorRegistry()
    registry.register(PipelineMetrics(pipeline))
    assert registry.get_sample_value("ioc_broker_dropped_messages_total") is None
    await pipeline.intake.step()
    clock.step_to(NOW + 90_000)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("ioc_broker_dropped_messages_total") == 7
    assert value("ioc_broker_connected") == 1
    assert value("ioc_intake_messages_total") == len(ROUND)
    assert value("ioc_intake_records_total", kind="streetlight") == 12
    assert value("ioc_intake_batch_messages_bucket", le="10") == 0
    assert value("ioc_intake_batch_messages_bucket", le="100") == 1
    assert value("ioc_intake_batch_messages_count") == 1
    for consumer in ("writer", "detection"):
        assert value("ioc_journal_age_seconds", consumer=consumer) == 90
        assert value("ioc_journal_depth_entries", consumer=consumer) == pipeline.tail.newest > 0
    fates = {fate: value("ioc_records_total", fate=fate, reason="") for fate in ("received", "written")}
    dead = value("ioc_records_total", fate="dead_lettered", reason="schema")
    ignored = value("ioc_records_total", fate="ignored", reason="broker_statistics")
    pending = value("ioc_records_pending")
    assert (fates["received"], fates["written"], dead, ignored, pending) == (15, 0, 1, 1, 13)
