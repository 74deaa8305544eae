"""The devices of a city that speak, each with everything about it that every report needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from devices.clock import milliseconds
from devices.registry import Device, Life
from devices.topics import Channel, native_topic
from simulators.city import SimulatedCity
from simulators.disorder import Disorder, Habits
from simulators.messages import TimeFormat
from simulators.randomness import stable_seed
from simulators.world import Behaviour

__all__ = ["Speaker", "speakers_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """A device that speaks.

    `index` is its place in the city; reports are `interval_ms` apart, the first is due at `first_ms`
    (epoch ms); each holds `habits.batch` readings, `sample_ms` apart.
    """

    index: int
    device: Device
    id: str
    behaviour: Behaviour
    habits: Habits
    seed: int
    interval_ms: int
    sample_ms: int
    first_ms: int
    writes_epoch: bool
    telemetry_topic: str
    event_topic: str

    def report_at(self, at_ms: int) -> int:
        """The number of the first report that is due at a moment or later."""
        return max(0, -((self.first_ms - at_ms) // self.interval_ms))


def speakers_of(
    city: SimulatedCity,
    behaviours: Mapping[str, Behaviour],
    disorder: Disorder,
    *,
    seed: int,
    origin_ms: int,
) -> list[Speaker]:
    """The devices in service, each with a phase of its own, so that they do not all speak at once.

    Raises:
        ValueError: a kind of device has no behaviour.
    """
    speaking = [d for d in city.devices if d.life is Life.IN_SERVICE and not d.is_passive]
    missing = {device.kind for device in speaking} - behaviours.keys()
    if missing:
        raise ValueError(f"no behaviour for {sorted(missing)!r}; add a file to simulators/kinds/")
    return [
        _speaker(
            index, device, behaviours[device.kind], Habits.of(disorder, seed, device.id), seed, origin_ms
        )
        for index, device in enumerate(speaking)
    ]


def _speaker(
    index: int, device: Device, behaviour: Behaviour, habits: Habits, seed: int, origin_ms: int
) -> Speaker:
    own_seed = stable_seed(seed, "reports", device.id)
    interval_ms = max(1, milliseconds(device.interval_s) // habits.reports)
    return Speaker(
        index=index,
        device=device,
        id=device.id,
        behaviour=behaviour,
        habits=habits,
        seed=own_seed,
        interval_ms=interval_ms,
        sample_ms=max(1, interval_ms // habits.batch),
        first_ms=origin_ms + 1 + own_seed % interval_ms,
        writes_epoch=behaviour.time_format is TimeFormat.EPOCH_MS,
        telemetry_topic=native_topic(device.area, device.kind, device.id, Channel.TELEMETRY),
        event_topic=native_topic(device.area, device.kind, device.id, Channel.EVENT),
    )
