"""Public Wi-Fi: clients and traffic follow the day."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from devices.registry import Device
from simulators.messages import TimeFormat
from simulators.randomness import wobble
from simulators.world import Behaviour, Happening, Moment, Profile, World

__all__ = ["BOOTING", "CROWDED", "DESERTED", "is_busy_hour", "usual_clients"]

BOOTING = "booting"
"""Knob of an access point: it starts anew as the effect begins and, with a value, again every so many ms."""

CROWDED = "crowded"
"""Knob of an access point: at busy hours the effect's value is the share of its capacity in use."""

DESERTED = "deserted"
"""Knob of an access point: nobody is connected."""

# Share of the capacity in use by hour: empty before dawn, busiest in the evening.
_CLIENTS = Profile(
    [
        0.05, 0.03, 0.02, 0.02, 0.03, 0.08, 0.18, 0.28, 0.32, 0.34, 0.35, 0.33,
        0.25, 0.24, 0.30, 0.34, 0.38, 0.45, 0.55, 0.62, 0.58, 0.42, 0.22, 0.11,
    ]
)  # fmt: skip
_POPULARITY = (0.5, 1.2)
_MOST_SHARE = 0.85
_BUSY_SHARE = 0.3
_DEFAULT_CAPACITY_COUNT = 64
_TX_BYTES_PER_CLIENT_H = 45_000_000
_RX_SHARE = 0.12
_MS_PER_DAY = 86_400_000


class _Traits(NamedTuple):
    """What differs from point to point."""

    capacity_count: int
    popularity: float
    booted_ms: int
    rtt_ms: float
    noise_dbm: float
    memory_pct: float


class _AccessPoint:
    """Counts up its bytes since it was started, some days before the world began."""

    time_format = TimeFormat.EPOCH_MS

    def __init__(self, world: World) -> None:
        self._world = world
        self._traits: dict[str, _Traits] = {}

    def telemetry(self, device: Device, moment: Moment) -> Mapping[str, Any]:
        """The access point's reading."""
        world, at_ms, random = self._world, moment.at_ms, moment.random
        traits = self._traits.get(device.id) or self._learn(device)
        share = self._share(device, traits, moment)
        booted_ms = self._booted_ms(device, traits, at_ms)
        tx_bytes = self._sent_bytes(device, traits, booted_ms, at_ms)
        return {
            "client_count": round(traits.capacity_count * share),
            "rx_bytes": int(tx_bytes * _RX_SHARE),
            "tx_bytes": int(tx_bytes),
            "backhaul_up": True,
            "backhaul_rtt_ms": round(traits.rtt_ms * wobble(random, 0.3), 1),
            "backhaul_loss_pct": round(0.5 * random.random() ** 4, 1),
            "channel_load_pct": round(10 + 55 * share * wobble(random, 0.1)),
            "noise_dbm": round(traits.noise_dbm + random.random() * 2),
            "auth_failure_count": int(3 * random.random() * share),
            "cpu_pct": round(8 + 45 * share * wobble(random, 0.2)),
            "memory_pct": round(traits.memory_pct + 10 * share),
            "uptime_s": (at_ms - booted_ms) // 1000,
            "temp_c": round(world.ambient_c(at_ms) + 14 + 8 * share + random.random(), 1),
        }

    def events(self, device: Device, moment: Moment) -> tuple[Happening, ...]:  # noqa: ARG002 - part of the protocol
        """Access points say nothing but readings."""
        return ()

    def _share(self, device: Device, traits: _Traits, moment: Moment) -> float:
        """The share of the capacity in use."""
        local_h = self._world.local_h(moment.at_ms)
        noise = wobble(moment.random, 0.15)
        share = min(_MOST_SHARE, _CLIENTS.at(local_h) * traits.popularity * noise)
        if self._world.effects.active(device.id, DESERTED, moment.at_ms):
            return 0.0
        crowd = self._world.effects.active(device.id, CROWDED, moment.at_ms)
        if crowd and is_busy_hour(local_h):
            return float(crowd.value) * wobble(moment.random, 0.02)
        return share

    def _booted_ms(self, device: Device, traits: _Traits, at_ms: int) -> int:
        """When it was started last."""
        booted_ms = traits.booted_ms
        for effect in self._world.effects.of(device.id, BOOTING):
            if effect.from_ms <= at_ms:
                passed_ms = min(at_ms, effect.to_ms) - effect.from_ms
                again_ms = passed_ms - passed_ms % effect.value if effect.value else 0
                booted_ms = max(booted_ms, effect.from_ms + again_ms)
        return booted_ms

    def _sent_bytes(self, device: Device, traits: _Traits, booted_ms: int, at_ms: int) -> float:
        """Bytes sent to clients since the start: the area under the curve, so that it never falls."""
        used = self._used_h(booted_ms, at_ms)
        for effect in self._world.effects.of(device.id, DESERTED):
            from_ms, to_ms = max(effect.from_ms, booted_ms), min(effect.to_ms, at_ms)
            if from_ms < to_ms:
                used -= self._used_h(from_ms, to_ms)
        return used * traits.capacity_count * traits.popularity * _TX_BYTES_PER_CLIENT_H

    def _used_h(self, from_ms: int, to_ms: int) -> float:
        local_h = self._world.local_h
        return _CLIENTS.total(local_h(to_ms)) - _CLIENTS.total(local_h(from_ms))

    def _learn(self, device: Device) -> _Traits:
        random = self._world.traits(device)
        traits = _Traits(
            capacity_count=int(device.attributes.get("client_capacity_count", _DEFAULT_CAPACITY_COUNT)),
            popularity=random.uniform(*_POPULARITY),
            booted_ms=self._world.origin_ms - random.randint(_MS_PER_DAY, 60 * _MS_PER_DAY),
            rtt_ms=random.uniform(4, 22),
            noise_dbm=random.uniform(-96, -88),
            memory_pct=random.uniform(35, 60),
        )
        self._traits[device.id] = traits
        return traits


def usual_clients(device: Device, world: World, local_h: float) -> float:
    """How many people are usually connected at hours since a local midnight."""
    capacity_count = int(device.attributes.get("client_capacity_count", _DEFAULT_CAPACITY_COUNT))
    return capacity_count * world.traits(device).uniform(*_POPULARITY) * _CLIENTS.at(local_h)


def is_busy_hour(local_h: float) -> bool:
    """Whether a public access point is busy at hours since a local midnight."""
    return _CLIENTS.at(local_h) >= _BUSY_SHARE


BEHAVIOUR: type[Behaviour] = _AccessPoint
