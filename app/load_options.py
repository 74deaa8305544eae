"""From what was typed to a load: checked before anything long begins."""

import re
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.commands.options import check_writable, seconds
from app.errors import StartError
from app.mqtt import BrokerAddress
from app.simulated_place import find_place
from simulators.load.errors import LoadError
from simulators.load.messages import DeviceMessages
from simulators.load.plan import MAX_CONNECTIONS, LoadPlan
from simulators.load.templates import device_messages

__all__ = ["PER_DEVICE", "LoadOptions", "city_messages"]

PER_DEVICE = "per-device"
_DEFAULT_CONNECTIONS = 8
_RATE = re.compile(r"(\d+(?:\.\d+)?)/s")
_HOUR_MS = 3_600_000


@dataclass(frozen=True, kw_only=True)
class LoadOptions:
    """What `ioc simulate --rate` was given, as typed."""

    rate: str
    qos: int
    devices: int
    processes: int
    connections: str | None
    count: int | None
    run_for: str | None
    ledger: Path | None

    def plan(self, broker: BrokerAddress) -> LoadPlan:
        """The load that is meant.

        Raises:
            StartError: an option that cannot be used; it is named.
        """
        check_writable("--ledger", self.ledger)
        connections = self._connections()
        try:
            return LoadPlan(
                host=broker.host,
                port=broker.port,
                user=broker.user,
                password=broker.password,
                qos=self.qos,
                rate_per_s=_rate_per_s(self.rate),
                count=self.count,
                run_for_s=None if self.run_for is None else seconds("--for", self.run_for),
                processes=min(self.processes, connections),
                connections=connections,
                ledger=self.ledger,
            )
        except LoadError as error:
            raise StartError(str(error)) from error

    def _connections(self) -> int:
        if self.connections is None:
            return min(_DEFAULT_CONNECTIONS, self.devices)
        if self.connections == PER_DEVICE:
            if self.devices > MAX_CONNECTIONS:
                raise StartError(
                    f"--connections {PER_DEVICE} is for up to {MAX_CONNECTIONS:,} devices, got"
                    f" {self.devices:,}; give a number, and they share that many"
                )
            return self.devices
        if not self.connections.isdigit():
            raise StartError(f"--connections is a number or {PER_DEVICE}, got {self.connections!r}")
        return int(self.connections)


def city_messages(name: str, devices: int, seed: int) -> list[DeviceMessages]:
    """The messages of a place's devices as they speak in this hour: same seed and hour, same messages.

    Raises:
        StartError: there is no such place.
    """
    hour_ms = time.time_ns() // 1_000_000 // _HOUR_MS * _HOUR_MS
    place = find_place(name)
    local_day = datetime.fromtimestamp(hour_ms / 1000, place.city.zone).date()
    return device_messages(place.populate(devices, seed, local_day, None), seed=seed, at_ms=hour_ms)


def _rate_per_s(rate: str) -> float | None:
    """Messages a second, or None for as fast as the broker takes them.

    Raises:
        StartError: it is written neither `max` nor like `50000/s`.
    """
    if rate == "max":
        return None
    match = _RATE.fullmatch(rate)
    if match is None:
        raise StartError(f"--rate is max, or written like 50000/s, got {rate!r}")
    return float(match[1])
