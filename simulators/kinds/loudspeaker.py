"""Loudspeakers play their area's programmes, and say when one starts and ends."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from devices.registry import Device
from simulators.effects import Effect
from simulators.messages import TimeFormat
from simulators.randomness import wobble
from simulators.world import Behaviour, Happening, Moment, World

__all__ = ["HIJACKED", "MAX_LAG_MS", "MUTE", "OFF_PROGRAMME", "OVERRUN"]

HIJACKED = "hijacked"
"""Knob of a loudspeaker: a stream that no programme knows plays in place of the programme."""

MUTE = "mute"
"""Knob of a loudspeaker: it does not play what is on the programme."""

OFF_PROGRAMME = "off-programme"
"""Knob of a loudspeaker: it plays a stream that no programme knows."""

OVERRUN = "overrun"
"""Knob of a loudspeaker: programmes end late, by the effect's value in ms."""

MAX_LAG_MS = 2_000
"""A speaker starts late and stops early by no more than this."""

_STUDIO = "ward-studio"
_STRANGER = "unregistered-stream"
_SUPPLY_V = 24.0
_DEFAULT_RATED_W = 60.0


class _Traits(NamedTuple):
    """What differs from speaker to speaker; it starts late and stops early by its lag."""

    volume_pct: int
    lag_ms: int
    playing_a: float
    signal_dbm: float


class _Playing(NamedTuple):
    """One stretch of playing; the programme is None when none is meant to play."""

    from_ms: int
    to_ms: int
    programme: str | None
    source: str


class _Loudspeaker:
    """Silent between programmes."""

    time_format = TimeFormat.RFC3339

    def __init__(self, world: World) -> None:
        self._world = world
        self._traits: dict[str, _Traits] = {}

    def telemetry(self, device: Device, moment: Moment) -> Mapping[str, Any]:
        """The loudspeaker's reading; programme and source only while it plays."""
        at_ms, random = moment.at_ms, moment.random
        traits = self._traits.get(device.id) or self._learn(device)
        now = next((p for p in self._playings(device, at_ms) if p.from_ms <= at_ms < p.to_ms), None)
        level = wobble(random, 0.3) if now else 0.0
        reading: dict[str, Any] = {
            "playing": now is not None,
            "muted": False,
            "volume_pct": traits.volume_pct,
            "amp_current_a": round(0.05 + traits.playing_a * level, 2),
            "amp_temp_c": round(self._world.ambient_c(at_ms) + 5 + 14 * level + random.random(), 1),
            "supply_v": round(_SUPPLY_V * wobble(random, 0.02), 1),
            "signal_dbm": round(traits.signal_dbm + 4 * random.random()),
            "stream_loss_pct": round(random.random() ** 6 * 2, 1) if now else 0.0,
            "casing_open": False,
        }
        if now:
            reading["source"] = now.source
            if now.programme is not None:
                reading["programme"] = now.programme
        return reading

    def events(self, device: Device, moment: Moment) -> Iterator[Happening]:
        """Beginnings and ends of playing until the next report."""
        until_ms = moment.at_ms + moment.interval_ms
        for playing in self._playings(device, moment.at_ms):
            for at_ms, phase in ((playing.from_ms, "started"), (playing.to_ms, "ended")):
                if moment.at_ms < at_ms <= until_ms:
                    named = {"programme": playing.programme} if playing.programme else {}
                    yield Happening(
                        at_ms, {"type": "broadcast", "source": playing.source, "phase": phase} | named
                    )

    def _playings(self, device: Device, at_ms: int) -> Iterator[_Playing]:
        """Everything the speaker plays around a moment; what is injected goes before the programme."""
        for effect in self._world.effects.of(device.id, OFF_PROGRAMME):
            yield _Playing(effect.from_ms, effect.to_ms, None, _STRANGER)
        lag_ms = (self._traits.get(device.id) or self._learn(device)).lag_ms
        knobs = self._world.effects.knobs(device.id) or {}
        for planned in self._world.broadcasts.near(device.area, at_ms):
            meant = _Playing(planned.from_ms + lag_ms, planned.to_ms - lag_ms, planned.programme, _STUDIO)
            if knobs:
                yield from _afflicted(meant, knobs)
            else:
                yield meant

    def _learn(self, device: Device) -> _Traits:
        random = self._world.traits(device)
        traits = _Traits(
            volume_pct=random.randint(60, 85),
            lag_ms=random.randint(100, MAX_LAG_MS),
            playing_a=float(device.attributes.get("rated_w", _DEFAULT_RATED_W)) * 0.6 / _SUPPLY_V,
            signal_dbm=random.uniform(-95, -65),
        )
        self._traits[device.id] = traits
        return traits


def _afflicted(meant: _Playing, knobs: Mapping[str, Sequence[Effect]]) -> Iterator[_Playing]:
    """What becomes of a programme under effects."""
    for effect in knobs.get(OVERRUN, ()):
        if effect.is_on(meant.to_ms):
            meant = meant._replace(to_ms=meant.to_ms + effect.value)
    rest_ms = meant.from_ms
    for effect in sorted((*knobs.get(MUTE, ()), *knobs.get(HIJACKED, ())), key=lambda e: e.from_ms):
        from_ms, to_ms = max(effect.from_ms, rest_ms), min(effect.to_ms, meant.to_ms)
        if from_ms >= to_ms:
            continue
        if from_ms > rest_ms:
            yield meant._replace(from_ms=rest_ms, to_ms=from_ms)
        if effect.knob == HIJACKED:
            yield _Playing(from_ms, to_ms, None, _STRANGER)
        rest_ms = to_ms
    if rest_ms < meant.to_ms:
        yield meant._replace(from_ms=rest_ms)


BEHAVIOUR: type[Behaviour] = _Loudspeaker
