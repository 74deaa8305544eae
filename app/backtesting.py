"""A backtest over the stores that the settings name: what other rules would have raised."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.data_directory import DataDirectory
from app.errors import StartError
from app.following import registry_at_rest
from app.operations import open_operations
from app.settings import ServiceSettings
from app.telemetry import open_telemetry
from app.wiring import with_collector
from devices.catalogue import kinds
from devices.cities import load_city
from rules.backtest.comparison import Comparison, compared
from rules.backtest.replay import Cost, replayed
from rules.backtest.span import Span
from rules.backtest.workload import incidents_per_hour
from rules.detection.engine import Engine
from rules.errors import RulesError
from rules.loading import load_candidates
from rules.management.inference import inferences
from rules.rule import Rule
from rules.ruleset import installed_rules, overlaid
from store.operations.database import OperationsDatabase
from store.operations.past_faults import past_faults
from store.received import ReceivedReadings
from store.telemetry import TelemetryStore

__all__ = ["BacktestResult", "Opened", "Report", "backtest", "opened_stores", "tried_rules"]

Report = Callable[[str, float], None]
"""Told what is being done and how much of that is done (0 to 1)."""


@dataclass(frozen=True)
class BacktestResult:
    """What a backtest found, beside what happened. Loads are incidents told each operator in an hour."""

    span: Span
    comparison: Comparison
    cost: Cost
    load_before: float
    load_after: float


@dataclass(frozen=True)
class Opened:
    """Stores that nobody else writes to, or that allow it."""

    operations: OperationsDatabase
    telemetry: TelemetryStore


@contextmanager
def opened_stores(settings: ServiceSettings) -> Iterator[Opened]:
    """The stores of the settings, for as long as the block lasts.

    Raises:
        StartError: one cannot be opened; a service that runs holds its embedded ones.
    """
    if not settings.data_dir.is_dir():
        raise StartError(f"there is no folder {str(settings.data_dir)!r}; give --data")
    directory = DataDirectory(settings.data_dir)
    try:
        operations = open_operations(directory, settings)
        try:
            telemetry = open_telemetry(directory, settings)
            try:
                yield Opened(operations, telemetry)
            finally:
                telemetry.close()
        finally:
            operations.close()
    finally:
        directory.release()


def tried_rules(settings: ServiceSettings, candidates: Path | None) -> tuple[Rule, ...]:
    """The rules of the installation, with those of a file or folder beside them or in their place.

    Raises:
        StartError: one is wrong.
    """
    try:
        rules = installed_rules(settings.rules_dir)
        return rules if candidates is None else overlaid(rules, load_candidates(candidates))
    except RulesError as error:
        raise StartError(str(error)) from error


def backtest(
    stores: Opened,
    settings: ServiceSettings,
    rules: tuple[Rule, ...],
    span: Span,
    *,
    operators: int = 1,
    report: Report = lambda _what, _share: None,
) -> BacktestResult:
    """Send what was received through the rules, and compare with history.

    Raises:
        TelemetryUnavailableError: the telemetry store cannot serve.
        OperationsUnavailableError: the operations store cannot.
    """
    # What is inferred of passive assets is no rule's finding; management infers it anew for both.
    inferred = inferences()
    live = [
        fault
        for fault in past_faults(stores.operations, span.from_ms, span.to_ms)
        if fault.rule not in inferred
    ]
    _, devices, programmes = registry_at_rest(stores.operations)
    registry = with_collector(devices, settings)
    engine = Engine(rules, registry, programmes, load_city(settings.city))
    spoken = [kind for kind in kinds() if registry.of_kind(kind)]

    def replaying(now_ms: int) -> None:
        report("through the rules", (now_ms - span.warm_from_ms) / (span.to_ms - span.warm_from_ms))

    with tempfile.TemporaryDirectory(prefix="ioc-backtest-", ignore_cleanup_errors=True) as folder:
        received = ReceivedReadings(stores.telemetry, spoken, Path(folder))
        received.spool(
            span.warm_from_ms,
            span.to_ms,
            lambda kind: report(f"reading {kind}", spoken.index(kind) / len(spoken)),
        )
        found, cost = replayed(engine, received, span, replaying)
    report("through management", 0)
    before, after = (incidents_per_hour(faults, rules, registry, span, operators) for faults in (live, found))
    comparison = compared(live, found, span)
    return BacktestResult(span=span, comparison=comparison, cost=cost, load_before=before, load_after=after)
