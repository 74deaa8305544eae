"""What load to make: checked when it is written down, and small enough to be handed to every process."""

from dataclasses import dataclass
from pathlib import Path

from simulators.load.errors import LoadError

__all__ = ["MAX_CONNECTIONS", "LoadPlan"]

MAX_CONNECTIONS = 5_000
"""Devices with a connection of their own; a city of more shares connections, as behind gateways."""


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """Which broker is driven, how hard, and for how long.

    Device i publishes over connection i modulo `connections`; the connections are dealt to the processes in
    turn. `rate_per_s` is the rate of all together; None is as fast as the broker takes it. The load ends
    after `count` messages or `run_for_s` seconds, whichever is first, or when somebody stops it.

    Raises:
        LoadError: naming the value that cannot be used.
    """

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    client_prefix: str = "ioc-load"
    qos: int = 1
    rate_per_s: float | None = None
    count: int | None = None
    run_for_s: float | None = None
    processes: int = 2
    connections: int = 8
    ledger: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, before any process is started."""
        if self.qos not in (0, 1):
            raise LoadError(f"QoS is 0 or 1, got {self.qos!r}")
        if self.qos == 0 and self.ledger is not None:
            raise LoadError("at QoS 0 nothing is acknowledged, so there is no ledger; use QoS 1")
        if not 1 <= self.processes <= self.connections:
            raise LoadError(
                f"each process has a connection at least, got {self.processes!r} processes"
                f" for {self.connections!r} connections"
            )
        if self.connections > MAX_CONNECTIONS:
            raise LoadError(
                f"at most {MAX_CONNECTIONS:,} connections, got {self.connections:,}; let devices share them"
            )
        for name in ("rate_per_s", "count", "run_for_s"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise LoadError(f"{name} is more than 0, got {value!r}")

    def connections_of(self, process: int) -> range:
        """The numbers of the connections that a process has."""
        return range(process, self.connections, self.processes)

    def count_of(self, connection: int) -> int | None:
        """How many messages a connection publishes; None is no limit."""
        if self.count is None:
            return None
        share, rest = divmod(self.count, self.connections)
        return share + (connection < rest)
