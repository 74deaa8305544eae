"""What the suites share that every backend has to pass."""

from typing import Protocol

from store.retention import KEPT_FOR_GOOD, Retention
from store.rollups.port import RollupStore
from store.telemetry import TelemetryStore


class AnyStore(TelemetryStore, RollupStore, Protocol):
    """A backend with all that it can do."""


class Backend(Protocol):
    """Opens the same store each time that it is called."""

    def __call__(self, retention: Retention = KEPT_FOR_GOOD) -> AnyStore:
        """The store, kept so long."""
        ...
