"""Alterations of single fields of a reading, for faults that need no physics of their own."""

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from random import Random
from typing import Any

from devices.catalogue import kinds
from devices.registry import Device
from simulators.effects import Effect
from simulators.randomness import stable_seed
from simulators.world import Behaviour, Happening, Moment, World

__all__ = ["CHANGED", "STUCK", "Altered", "Change"]

CHANGED = "changed"
"""Some fields are altered: the effect's value is a tuple of changes."""

STUCK = "stuck"
"""Some fields, named in the effect's value, keep what they showed when the effect began."""

_MOST_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one field: `value` if there is one, else its own times `factor` plus `plus`.

    Numbers vary by up to `spread` around that. With `when`, only while that field of the reading is true.
    """

    field: str
    value: Any = None
    factor: float = 1.0
    plus: float = 0.0
    spread: float = 0.0
    when: str = ""

    def apply(self, reading: MutableMapping[str, Any], random: Random) -> None:
        """Alter a reading that has the field."""
        if self.field not in reading or (self.when and not reading[self.when]):
            return
        value = reading[self.field] * self.factor + self.plus if self.value is None else self.value
        if self.spread:
            value += self.spread * (2 * random.random() - 1)
        reading[self.field] = value


class Altered:
    """A behaviour whose readings are altered by the effects on a device; one look-up if there are none."""

    def __init__(self, behaviour: Behaviour, kind: str, world: World) -> None:
        self.time_format = behaviour.time_format
        self._kind = kinds()[kind]
        self._behaviour = behaviour
        self._effects = world.effects

    def telemetry(self, device: Device, moment: Moment) -> Mapping[str, Any]:
        """The reading as it is, or as effects alter it."""
        reading = self._behaviour.telemetry(device, moment)
        knobs = self._effects.knobs(device.id)
        if knobs is None:
            return reading
        altered = dict(reading)
        for effect in knobs.get(STUCK, ()):
            if effect.is_on(moment.at_ms):
                altered |= self._when_it_began(device, moment, effect)
        for effect in knobs.get(CHANGED, ()):
            if effect.is_on(moment.at_ms):
                self._change(altered, effect.value, moment.random)
        return altered

    def events(self, device: Device, moment: Moment) -> Iterable[Happening]:
        """What happens is not altered."""
        return self._behaviour.events(device, moment)

    def _when_it_began(self, device: Device, moment: Moment, effect: Effect) -> Mapping[str, Any]:
        """What stuck fields showed at the beginning, whichever report asks."""
        random = Random(stable_seed("stuck", device.id, effect.from_ms))
        first = Moment(effect.from_ms, moment.tick, moment.interval_ms, random)
        reading = self._behaviour.telemetry(device, first)
        return {name: reading[name] for name in effect.value if name in reading}

    def _change(self, reading: dict[str, Any], changes: Iterable[Change], random: Random) -> None:
        for change in changes:
            change.apply(reading, random)
            if change.field in reading:
                reading[change.field] = self._as_reported(change.field, reading[change.field])

    def _as_reported(self, name: str, value: Any) -> Any:
        """A number within the field's range and in its resolution; anything else as it is."""
        if isinstance(value, bool | str):
            return value
        field = self._kind.by_name[name]
        low = value if field.low is None else max(field.low, value)
        within = low if field.high is None else min(field.high, low)
        if field.value == "int" or not field.resolution:
            return round(within)
        return round(within, _digits(field.resolution))


def _digits(resolution: float) -> int:
    """Decimals that a resolution such as 0.01 needs."""
    return next((digits for digits in range(_MOST_DIGITS) if resolution * 10**digits >= 1), _MOST_DIGITS)
