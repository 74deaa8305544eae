"""Who takes part in a comparison on this machine, and who cannot."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.mqtt import BrokerAddress
from benchmarks.ingest.consumers import Collector, Consumer, Subscriber, Telegraf
from benchmarks.ingest.influx import InfluxServer, find_server

__all__ = ["COLLECTOR_DUCKDB", "COLLECTOR_INFLUX", "C_SUBSCRIBER", "TELEGRAF", "Contestants", "Maker"]

C_SUBSCRIBER = "C subscriber"
COLLECTOR_INFLUX = "collector, InfluxDB"
TELEGRAF = "Telegraf, InfluxDB"
COLLECTOR_DUCKDB = "collector, DuckDB"

Maker = Callable[[BrokerAddress], Consumer]


@dataclass(frozen=True, kw_only=True)
class Contestants:
    """Makes the consumers of a comparison, each with folders and buckets of its own."""

    folder: Path
    devices: int
    server: InfluxServer | None
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def collector(self, broker: BrokerAddress, expect: int, *, keep_ages: bool = False) -> Collector:
        """The collector into InfluxDB where there is one, else into DuckDB."""
        return self._collector(broker, expect, self.server, keep_ages=keep_ages)

    def makers(self, messages: int) -> Mapping[str, Maker]:
        """Those that can take part, in the order of their turns."""
        found: dict[str, Maker] = {C_SUBSCRIBER: lambda broker: Subscriber(broker, messages)}
        server, telegraf = self.server, find_server("telegraf")
        if server is not None:
            found[COLLECTOR_INFLUX] = lambda broker: self._collector(broker, messages, server)
        if server is not None and telegraf is not None:
            found[TELEGRAF] = lambda broker: Telegraf(
                telegraf, broker, server, self._own_folder("telegraf"), expect=messages
            )
        found[COLLECTOR_DUCKDB] = lambda broker: self._collector(broker, messages, None)
        return found

    def _collector(
        self, broker: BrokerAddress, expect: int, server: InfluxServer | None, *, keep_ages: bool = False
    ) -> Collector:
        folder = self._own_folder("collector")
        return Collector(
            broker, folder, devices=self.devices, expect=expect, server=server, keep_ages=keep_ages
        )

    def _own_folder(self, name: str) -> Path:
        return self.folder / f"{name}-{next(self.numbers)}"
