"""How the service sees itself: Prometheus metrics and health checks over a running pipeline."""

from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.services import Check
from app.wiring import Pipeline
from collector.fates import Fate
from collector.journal import Consumer
from collector.volume import BATCH_BOUNDS, Volume
from store.operations.errors import OperationsUnavailableError

__all__ = ["PipelineMetrics", "checks"]

_BEHIND_ENTRIES = 2_000


class PipelineMetrics(Collector):
    """The pipeline's figures at the moment they are asked for.

    The fates come from one checkpoint of the journal, so that they add up in every answer.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def collect(self) -> Iterable[Metric]:
        """Fates, journal, consumers, broker, intake and rules."""
        yield from self._fates()
        yield from self._journal()
        yield from self._broker()
        yield from self._intake()
        yield from _volume(self._pipeline.intake.volume)
        yield from self._unfamiliar()
        yield from self._rules()

    def _fates(self) -> Iterable[Metric]:
        balance = self._pipeline.stores.journal.balance()
        records = CounterMetricFamily(
            "ioc_records",
            "Decoded records by fate; received is the sum of the others",
            labels=["fate", "reason"],
        )
        for fate in Fate:
            for reason, count in (balance.tally.reasons(fate) or {"": 0}).items():
                records.add_metric([fate.value, reason], count)
        yield records
        yield GaugeMetricFamily("ioc_records_pending", "Journaled, not yet written", value=balance.pending)

    def _journal(self) -> Iterable[Metric]:
        journal, newest = self._pipeline.stores.journal, self._pipeline.tail.newest
        yield GaugeMetricFamily(
            "ioc_journal_bytes", "Size of the journal on disk", value=journal.size_bytes()
        )
        yield GaugeMetricFamily(
            "ioc_journal_fill_ratio", "Share of its cap that the journal uses", value=journal.fill_share()
        )
        depth = GaugeMetricFamily("ioc_journal_depth_entries", "Entries not yet passed", labels=["consumer"])
        age = GaugeMetricFamily(
            "ioc_journal_age_seconds",
            "How long ago the oldest entry not yet passed was received; of those since the start",
            labels=["consumer"],
        )
        now_ms, progress = self._pipeline.clock.now_ms(), self._pipeline.intake.progress
        for consumer, position in (
            (Consumer.WRITER, self._pipeline.writer.position),
            (Consumer.DETECTION, self._pipeline.detection.position),
        ):
            depth.add_metric([consumer], newest - position)
            age.add_metric([consumer], progress.behind_ms(position, now_ms) / 1000)
        yield depth
        yield age

    def _broker(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "ioc_broker_connected",
            "1 when the subscriptions are confirmed",
            value=self._pipeline.source.is_subscribed,
        )
        dropped = self._pipeline.broker_statistics.dropped_count
        if dropped is not None:  # a broker that does not say has not dropped none
            yield CounterMetricFamily(
                "ioc_broker_dropped_messages", "Messages the broker dropped since its start", value=dropped
            )

    def _intake(self) -> Iterable[Metric]:
        intake = self._pipeline.intake
        yield GaugeMetricFamily(
            "ioc_intake_caught_up", "1 when the stream is live", value=intake.is_caught_up
        )
        yield GaugeMetricFamily(
            "ioc_intake_blocked", "1 when the journal has no room", value=intake.is_blocked
        )
        yield GaugeMetricFamily(
            "ioc_intake_limited_devices",
            "Devices that send too much and are limited",
            value=len(self._pipeline.decoding.rates.suspects),
        )

    def _unfamiliar(self) -> Iterable[Metric]:
        unknown = CounterMetricFamily(
            "ioc_unknown_fields", "Fields that no kind describes, kept out", labels=["kind", "field"]
        )
        for (kind, field), count in self._pipeline.decoding.unknown_fields().items():
            unknown.add_metric([kind, field], count)
        yield unknown
        misplaced = CounterMetricFamily(
            "ioc_misplaced_messages",
            "Topics naming another area than the registry",
            labels=["registry", "topic"],
        )
        for (real, named), count in self._pipeline.decoding.misplaced().items():
            misplaced.add_metric([real, named], count)
        yield misplaced

    def _rules(self) -> Iterable[Metric]:
        counters = self._pipeline.detection.engine.counters
        late = CounterMetricFamily("ioc_late_readings", "Readings too late for detection", labels=["kind"])
        for kind, count in counters.late.items():
            late.add_metric([kind], count)
        yield late
        yield CounterMetricFamily(
            "ioc_violations_without_evidence",
            "Violations dropped for want of pictures",
            value=counters.without_evidence,
        )
        yield CounterMetricFamily(
            "ioc_vehicles_not_judged",
            "Vehicles not judged: the camera's calibration or clock was not good",
            value=counters.unfit,
        )
        yield CounterMetricFamily(
            "ioc_detection_skipped_entries",
            "Journal entries that detection could not bear",
            value=self._pipeline.detection.skipped,
        )


def _volume(volume: Volume) -> Iterable[Metric]:
    """What came since the start; the rate of each is for whoever asks twice."""
    yield CounterMetricFamily("ioc_intake_messages", "Messages taken since the start", value=volume.messages)
    records = CounterMetricFamily(
        "ioc_intake_records", "Readings and events journaled since the start", labels=["kind"]
    )
    for kind, count in volume.records.copy().items():
        records.add_metric([kind], count)
    yield records
    counts = volume.batches.copy()
    buckets = [
        (str(most), sum(count for bound, count in counts.items() if bound <= most)) for most in BATCH_BOUNDS
    ]
    buckets.append(("+Inf", counts.total()))
    yield HistogramMetricFamily(
        "ioc_intake_batch_messages",
        "Messages that one journal commit took",
        buckets=buckets,
        sum_value=volume.messages,
    )


def checks(pipeline: Pipeline, *, is_connected: bool) -> Mapping[str, Check]:
    """Whether each part does its work; asked by `/readyz`."""
    depth = pipeline.tail.newest - pipeline.writer.position
    behind = pipeline.tail.newest - pipeline.detection.position
    return {
        "broker": Check(is_connected, "" if is_connected else "not connected, or not subscribed"),
        "journal": Check(
            not pipeline.intake.is_blocked,
            "no room: nothing is acknowledged until a consumer catches up"
            if pipeline.intake.is_blocked
            else "",
        ),
        "telemetry": Check(
            not pipeline.writer.is_failing and depth < _BEHIND_ENTRIES, f"{depth} journal entries to write"
        ),
        "detection": Check(behind < _BEHIND_ENTRIES, f"{behind} journal entries to examine"),
        "operations": _operations(pipeline),
    }


def _operations(pipeline: Pipeline) -> Check:
    try:
        pipeline.stores.operations.check()
    except OperationsUnavailableError as error:
        return Check(ok=False, detail=str(error))
    return Check(ok=True)
