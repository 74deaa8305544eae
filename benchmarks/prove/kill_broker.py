"""SIGKILL mosquitto while messages come at 500/s; the store is compared with what the broker acknowledged.

With the collector at work nothing is missing. With the collector away no more than the window that the
configuration states; and mosquitto's defaults lose more, so that this proof can see loss.
"""

import asyncio
import getpass
import json
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.brokers import HOST
from app.mosquitto.principals import Role
from app.mosquitto.sizing import QueuePlan
from app.mqtt import BrokerAddress, PahoPublisher
from benchmarks.collector_process import CollectorProcess
from benchmarks.demo_process import free_port
from benchmarks.mosquitto_process import MosquittoProcess, ShippedBroker
from store.duckdb_store import DuckdbTelemetryStore
from store.telemetry import Selection

_RATE_PER_S = 500
_KILLS = 10
_AWAY_ROUNDS = 5
_LAMPS = 100
_CHUNK = 25
_ABSENCE_S = 7.0
_GATEWAY, _COLLECTOR = "gw.lamps", "svc.collector"
_QUEUE = QueuePlan(rate_per_s=_RATE_PER_S, outage_s=600, message_bytes=300)
_SEED = 11
_LAST_MS = 4_102_444_800_000

Key = tuple[str, int]


@dataclass(frozen=True)
class _Message:
    """A lamp's reading."""

    topic: str
    payload: bytes
    key: Key
    qos: int = 1
    retain: bool = False


@dataclass
class _Ledger:
    """What was published, and when the broker had acknowledged it (monotonic seconds)."""

    acknowledged: dict[Key, float] = field(default_factory=dict)
    _next: int = 0

    def make(self, count: int) -> list[_Message]:
        """The next messages; every lamp in its turn."""
        numbers = range(self._next, self._next + count)
        self._next += count
        return [_message(number) for number in numbers]


def _message(number: int) -> _Message:
    lamp, seq = f"TK-L-{number % _LAMPS:04d}", number // _LAMPS
    reading = {"ts": int(time.time() * 1000), "seq": seq, "cmd_on": True, "power_w": 60.0, "voltage_v": 229.5}
    topic = f"ioc/v1/tam-ky/streetlight/{lamp}/telemetry"
    return _Message(topic, json.dumps(reading).encode(), (lamp, seq))


class _Stand:
    """One broker, one collector that comes and goes, one publisher with its ledger."""

    def __init__(
        self, folder: Path, broker: MosquittoProcess, publisher: BrokerAddress, collector: BrokerAddress
    ) -> None:
        self.broker = broker
        self.ledger = _Ledger()
        self._collector: CollectorProcess | None = None
        self._data = folder / "collector"
        self._collector_address = collector
        self._publisher = PahoPublisher(publisher, "publisher")
        self._registry = folder / "lamps.csv"
        lines = [f"TK-L-{number:04d},streetlight,tam-ky,60" for number in range(_LAMPS)]
        self._registry.write_text("\n".join(["id,kind,area,rated_w", *lines, ""]), encoding="utf-8")

    def collector(self) -> CollectorProcess:
        """A collector that is subscribed."""
        self._collector = CollectorProcess(self._data, self._registry, self._collector_address)
        self._collector.wait_ready()
        return self._collector

    async def publish(self, seconds: float, during: Callable[[], None] = lambda: None) -> None:
        """Publish at the rate; half way `during` happens. Returns when everything is acknowledged."""
        begin_s, chunks = time.monotonic(), max(2, round(seconds * _RATE_PER_S / _CHUNK))
        for chunk in range(chunks):
            if chunk == chunks // 2:
                await asyncio.to_thread(during)
            messages = self.ledger.make(_CHUNK)
            await self._publisher.publish(messages)
            now_s = time.monotonic()
            self.ledger.acknowledged |= dict.fromkeys((message.key for message in messages), now_s)
            await asyncio.sleep(max(0.0, begin_s + (chunk + 1) * _CHUNK / _RATE_PER_S - now_s))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Broker and publisher run while the block does; nothing is left behind, whatever ends it."""
        try:
            await asyncio.to_thread(self.broker.start)
            await self._publisher.start()
            yield
        finally:
            await self._publisher.stop()
            self.broker.end()
            if self._collector is not None:
                self._collector.kill()

    def kill(self) -> None:
        """Kill the broker and start it again."""
        self.broker.kill()
        self.broker.start()

    def stored(self) -> list[Key]:
        """What the store holds."""
        with closing(DuckdbTelemetryStore(self._data / "telemetry")) as store:
            whole = Selection(kind="streetlight", from_ms=0, to_ms=_LAST_MS)
            return [
                key for batch in store.export(whole) for key in batch.frame.select("device", "seq").rows()
            ]


def prove(scale: float, folder: Path) -> dict[str, Any]:
    """Kill the broker again and again; the figures.

    Raises:
        AssertionError: more is missing than the configuration states, or the defaults lose nothing.
    """
    kills, rounds = (max(1, round(count * scale)) for count in (_KILLS, _AWAY_ROUNDS))
    shipped, away, default = asyncio.run(_prove_all(folder, kills, rounds))
    window = round(_QUEUE.loss_s * _RATE_PER_S)
    assert max(away["missing"]) <= window, f"{away['missing']} are missing, stated are {window} a kill"
    assert default["missing"][0] > window, f"mosquitto's defaults lost {default['missing']}: loss is not seen"
    return {"at_work": shipped, "away": away | {"stated": window}, "defaults": default}


async def _prove_all(folder: Path, kills: int, rounds: int) -> tuple[dict[str, Any], ...]:
    """The three parts, each with a broker of its own; together, because they mostly wait."""
    return await asyncio.gather(
        _with_collector(_shipped(folder / "at-work"), kills),
        _without_collector(_shipped(folder / "away"), rounds),
        _without_collector(_default(folder / "default"), 1),
    )


async def _with_collector(stand: _Stand, kills: int) -> dict[str, Any]:
    """Kills under load while the collector is at work."""
    chance = random.Random(_SEED)  # noqa: S311 - moments to kill at protect nothing
    async with stand.running():
        collector = await asyncio.to_thread(stand.collector)
        # A session is safe from the first save on; what comes before is the time of a first installation.
        await stand.publish(_QUEUE.loss_s)
        for _ in range(kills):
            await stand.publish(chance.uniform(1.0, 3.0), stand.kill)
        await asyncio.to_thread(collector.finish)
    stored, acknowledged = stand.stored(), set(stand.ledger.acknowledged)
    missing, twice = len(acknowledged - set(stored)), len(stored) - len(set(stored))
    assert missing == 0, f"{missing} of {len(acknowledged)} acknowledged messages are missing"
    assert twice == 0, f"{twice} stand twice"
    return {"kills": kills, "acknowledged": len(acknowledged), "missing": 0, "twice": 0}


async def _without_collector(stand: _Stand, rounds: int) -> dict[str, Any]:
    """A kill in each absence of the collector; what each lost, and how far back it lay (seconds)."""
    missing: list[int] = []
    reach_s: list[float] = []
    async with stand.running():
        for _ in range(rounds):
            killed_s, lost = await _absence(stand)
            missing.append(len(lost))
            reach_s.append(round(max((killed_s - at_s for at_s in lost.values()), default=0.0), 2))
    return {"rounds": rounds, "missing": missing, "reach_s": reach_s}


async def _absence(stand: _Stand) -> tuple[float, dict[Key, float]]:
    """One absence with a kill in it: when that was, and what was lost by when it was acknowledged."""
    await asyncio.to_thread(lambda: stand.collector().finish())
    killed: list[float] = []

    def kill() -> None:
        killed.append(time.monotonic())
        stand.kill()

    await stand.publish(_ABSENCE_S, kill)
    await asyncio.to_thread(lambda: stand.collector().finish())
    stored = set(stand.stored())
    lost = {key: at_s for key, at_s in stand.ledger.acknowledged.items() if key not in stored}
    for key in lost:
        del stand.ledger.acknowledged[key]
    return killed[0], lost


def _shipped(folder: Path) -> _Stand:
    broker = ShippedBroker(folder, _QUEUE)
    broker.issue(Role.GATEWAY, _GATEWAY, "ioc/v1/tam-ky")
    broker.issue(Role.COLLECTOR, _COLLECTOR)
    return _Stand(folder, broker.process, broker.address(_GATEWAY), broker.address(_COLLECTOR))


def _default(folder: Path) -> _Stand:
    """What a packaged mosquitto does by itself, with persistence on."""
    folder.mkdir(parents=True)
    address = BrokerAddress(host=HOST, port=free_port())
    configuration = folder / "mosquitto.conf"
    lines = [f"listener {address.port} {HOST}", "allow_anonymous true", "persistence true"]
    lines += [f"persistence_location {folder}/", f"user {getpass.getuser()}"]
    configuration.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return _Stand(folder, MosquittoProcess(configuration, address.port), address, address)
