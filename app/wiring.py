"""Joining the parts: what reads, journals, writes, detects and serves, over one data directory."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import structlog

from app.areas import cuts, watched_in
from app.data_directory import DataDirectory
from app.errors import StartError
from app.following import rules_revision
from app.live_registry import LiveRegistry
from app.operations import open_operations
from app.replaying import ReplayDecoding, ReplaySource
from app.settings import ServiceSettings
from app.telemetry import open_telemetry, writer_settings
from collector.broker_statistics import BrokerStatistics
from collector.decoding import MessageDecoding
from collector.duplicates import RecentRecords
from collector.errors import JournalCorruptError, JournalFullError, JournalUnusableError
from collector.fates import Fate
from collector.intake import Intake
from collector.journal import Consumer, Journal
from collector.self_report import KIND as COLLECTOR
from collector.self_report import SelfReport
from collector.source import MessageSource
from collector.sqlite_journal import SqliteJournal
from collector.tail import JournalTail
from collector.writer import Writer
from devices.catalogue import kinds
from devices.cities import City
from devices.clock import Clock
from devices.decoders.loading import decoders
from devices.plans import Programme
from devices.registry import Device, Registry
from rules.detection.engine import Engine
from rules.detection.outcome import DetectionStoreRefusedError, Outcome, Snapshot
from rules.detection.runner import DetectionConsumer
from rules.errors import RulesError
from rules.rule import Rule
from rules.ruleset import LiveRules, installed_rules
from store.operations.detection import DetectionTables
from store.operations.replays import ReplayRepository
from store.telemetry import TelemetryUnavailableError

__all__ = ["Pipeline", "Stores", "with_collector"]

_log = structlog.get_logger(__name__)
_MEGABYTE = 1_048_576
_CENTRE = "ioc"
"""The area of what stands in the operations centre and in no ward."""


def with_collector(registry: Registry, settings: ServiceSettings) -> Registry:
    """The city's devices and, among them, the collector itself, so that rules watch it too."""
    interval_s = kinds()[COLLECTOR].interval_s
    ourselves = Device(id=settings.collector_id, kind=COLLECTOR, area=_CENTRE, interval_s=interval_s)
    others = (device for device in registry.values() if device.id != ourselves.id)
    return Registry([*others, ourselves])


class Stores:
    """Everything at rest on this machine, opened together and closed in the opposite order.

    `clock` is that of real time; a simulation, whose own runs otherwise, gives none.

    Raises:
        StartError: one of them cannot be opened; the sentence says which and why.
    """

    def __init__(
        self, directory: DataDirectory, settings: ServiceSettings, clock: Clock | None = None
    ) -> None:
        with ExitStack() as opened:
            try:
                self.journal = SqliteJournal(directory.journal, settings.journal_cap_mb * _MEGABYTE)
                opened.callback(self.journal.close)
                self.operations = open_operations(directory, settings)
                opened.callback(self.operations.close)
                self.telemetry = open_telemetry(directory, settings, clock)
                opened.callback(self.telemetry.close)
            except JournalUnusableError as error:
                raise StartError(str(error)) from error
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close them; idempotent."""
        self._opened.close()


class _JournaledDetection:
    """Detection's store, telling the journal how far detection has come so that it can purge."""

    def __init__(self, tables: DetectionTables, journal: Journal) -> None:
        self._tables = tables
        self._journal = journal

    def load(self, journal: str) -> Snapshot:
        """The last committed state for a journal; what the journal noted of it is put right.

        Raises:
            DetectionStoreRefusedError: the store knows entries that this journal never had.
        """
        snapshot = self._tables.load(journal)
        number = snapshot.position.number if snapshot.position is not None else 0
        last = self._journal.last_number()
        if number > last:
            raise DetectionStoreRefusedError(
                f"detection has seen entry {number}, but the journal ends at {last}: it was restored from an"
                " older copy; restore the operations store of the same day"
            )
        self._journal.advance(Consumer.DETECTION, number)
        return snapshot

    def commit(self, outcome: Outcome) -> None:
        """Commit the outcome, then the journal's note of it; the note alone may be lost, and comes again."""
        self._tables.commit(outcome)
        if outcome.snapshot.position is not None:
            with suppress(JournalFullError):
                self._journal.advance(Consumer.DETECTION, outcome.snapshot.position.number)


@dataclass(frozen=True)
class Pipeline:
    """The service's moving parts over opened stores; each is made once, when first asked for.

    `registry` and `programmes` are those of the start; `live` has those of now.
    """

    settings: ServiceSettings
    stores: Stores
    clock: Clock
    city: City
    registry: Registry
    programmes: Sequence[Programme]
    source: MessageSource

    @property
    def watched(self) -> Registry:
        """The city's devices as they are now, and the collector itself."""
        return self.live.registry

    @cached_property
    def tail(self) -> JournalTail:
        """What the two consumers read."""
        return JournalTail(self.stores.journal)

    @cached_property
    def decoding(self) -> MessageDecoding:
        """Decoders, with the memory of what the journal already holds."""
        recent = RecentRecords(self.settings.duplicate_window)
        try:
            recent.rebuild(self.stores.journal.recent(self.settings.duplicate_window))
        except JournalCorruptError as error:
            # Consumers say so when they come to it; a shorter memory of duplicates is no reason not to start.
            _log.warning("duplicates_forgotten", why=str(error))
        return ReplayDecoding(
            [*decoders(self.settings.decoder_options), self.broker_statistics],
            self.watched,
            recent,
            self.settings.max_payload_bytes,
            self.settings.rate_limit,
            self.settings.areas,
        )

    @cached_property
    def broker_statistics(self) -> BrokerStatistics:
        """What the broker says of itself."""
        return BrokerStatistics()

    @cached_property
    def intake(self) -> Intake:
        """Broker to journal."""
        replays = ReplayRepository(self.stores.operations)
        return Intake(
            ReplaySource(self.source, replays, self.stores.journal.id, self.clock),
            self.decoding,
            self.tail,
            self.clock,
            self.settings.intake,
            SelfReport(device=self.watched[self.settings.collector_id], measure=self._measured),
        )

    @cached_property
    def writer(self) -> Writer:
        """Journal to telemetry store."""
        return Writer(
            self.stores.journal,
            self.tail,
            self.stores.telemetry,
            TelemetryUnavailableError,
            writer_settings(self.settings),
        )

    @cached_property
    def live(self) -> LiveRegistry:
        """What is watched and the programmes as they are now.

        Detection knows of a change first: what the decoders then let in is read by an engine that knows it.
        """
        live = LiveRegistry(with_collector(self.registry, self.settings), self.programmes)
        live.follow(lambda: self.detection.succeed(self._new_engine))
        live.follow(lambda: self.decoding.use(live.registry))
        return live

    @cached_property
    def rules_revision(self) -> int:
        """The last reload of the rules before `rules` were loaded; what comes later is to be followed."""
        return rules_revision(self.stores.operations)

    @cached_property
    def rules(self) -> LiveRules:
        """The rules as they are now; new ones take over between two entries, with the state of the others.

        Raises:
            StartError: one is wrong.
        """
        _ = self.rules_revision  # first: a reload while they are loaded is not among them
        rules = LiveRules(lambda: installed_rules(self.settings.rules_dir))
        try:
            _ = rules.rules
        except RulesError as error:
            raise StartError(str(error)) from error
        rules.follow(lambda: self.detection.succeed(self._new_engine))
        return rules

    def change(self, registry: Registry, programmes: Sequence[Programme]) -> None:
        """Work with another registry and other programmes from now on. May be called from any thread.

        What they would cut we do not start with; whoever runs already says so and goes on.
        """
        for line in cuts(registry, programmes, self.settings.areas, self.clock.now_ms()):
            _log.error("cut_between_collectors", what=line, note="put both areas into one collector")
        self.live.change(with_collector(registry, self.settings), programmes)

    def _new_engine(self) -> Engine:
        return self.new_engine(self.rules.rules)

    def new_engine(self, rules: Sequence[Rule]) -> Engine:
        """An engine with some rules, and the devices that we watch and the programmes as they are now."""
        areas = self.settings.areas
        # Another collector's devices would all be silent here.
        devices = watched_in(self.watched, {*areas, _CENTRE} if areas else ())
        return Engine(rules, devices, self.live.programmes, self.city)

    @cached_property
    def detection(self) -> DetectionConsumer:
        """Journal to faults and violations."""
        store = _JournaledDetection(DetectionTables(self.stores.operations), self.stores.journal)
        return DetectionConsumer(self._new_engine(), self.tail, store, self.stores.journal.id)

    def _measured(self, now_ms: int) -> Mapping[str, Any]:
        """The collector's own state, by the fields of its kind."""
        intake, journal = self.intake, self.stores.journal
        tally = journal.balance().tally
        intake.progress.forget(min(self.writer.position, self.detection.position))
        return {
            "broker_connected": self.source.is_subscribed,
            "caught_up": intake.is_caught_up,
            "broker_dropped_count": self.broker_statistics.dropped_count,
            "journal_fill_pct": round(min(journal.fill_share(), 1.0) * 100, 1),
            "journal_blocked": intake.is_blocked,
            "writer_failing": self.writer.is_failing,
            "writer_lag_s": intake.progress.behind_ms(self.writer.position, now_ms) / 1000,
            "detection_lag_s": intake.progress.behind_ms(self.detection.position, now_ms) / 1000,
            "received_count": tally.of(Fate.RECEIVED),
            "dead_letter_count": tally.of(Fate.DEAD_LETTERED),
            "limited_device_count": len(self.decoding.rates.suspects),
        }

    async def purge(self, stop: asyncio.Event) -> None:
        """Remove what both consumers have passed from the journal, now and then until told to stop."""
        while not stop.is_set():
            await _sleep_until(stop, self.settings.purge_every_s)
            try:
                await asyncio.to_thread(self.stores.journal.purge, self.settings.duplicate_window)
            except JournalFullError as error:
                _log.warning("purge_waits", why=str(error))


async def _sleep_until(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but not longer than until `stop`."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
