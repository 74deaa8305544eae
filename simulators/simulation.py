"""The city in motion: everything its devices publish, as a function of seed, origin and time."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from devices.clock import milliseconds
from devices.registry import Device, Life
from devices.topics import Channel, native_topic
from simulators.behaviours import behaviours
from simulators.city import SimulatedCity
from simulators.effects import SILENT
from simulators.fault_types import fault_types
from simulators.injector import Injector
from simulators.messages import OutgoingMessage, TimeFormat, rfc3339_ms
from simulators.randomness import stable_seed
from simulators.scenario import Scenario
from simulators.truth import TruthRecord
from simulators.world import Behaviour, Happening, Moment, World

__all__ = ["Disorder", "Simulation"]

_encode = msgspec.json.Encoder().encode
_ONLINE = _encode({"state": "online"})
_TICK_STEP = 0x9E3779B97F4A7C15  # odd and large, so that seeds of neighbouring reports share nothing


@dataclass(frozen=True, kw_only=True)
class Disorder:
    """How unreliable the way to the broker is.

    `late_share` of the messages arrive up to `late_max_s` after they were made; `duplicate_share` arrive a
    second time, byte for byte the same, up to `late_max_s` after the first.
    """

    late_share: float = 0.005
    duplicate_share: float = 0.005
    late_max_s: float = 20.0

    def __post_init__(self) -> None:
        """Refuse shares that are none.

        Raises:
            ValueError: with the name and the value.
        """
        for name in ("late_share", "duplicate_share"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ValueError(f"{name} is between 0 and 1, got {share!r}")
        if self.late_max_s <= 0:
            raise ValueError(f"late_max_s is a positive number of seconds, got {self.late_max_s!r}")


@dataclass(frozen=True, slots=True)
class _Speaker:
    """A device that speaks, with everything about it that each report needs.

    `index` is its place in the city; `phase_ms` is when, after the origin, its first report is due.
    """

    index: int
    device: Device
    behaviour: Behaviour
    seed: int
    interval_ms: int
    phase_ms: int
    telemetry_topic: str
    event_topic: str


_Order = tuple[int, int, int, int]
"""Time, then device, report and number within the report: one order whatever the steps."""


class Simulation:
    """Publishes what the devices in service of a city say, in simulated time.

    What is published in a span of time depends on city, scenario, seed and origin alone: neither the size
    of the steps nor the moment of the start changes a byte. `origin_ms` is when the scenario began (default:
    the start); a later start goes on in the midst of it.

    Raises:
        ValueError: the start lies before the origin, the scenario does not fit the city, or a kind of
            device has no behaviour.
    """

    def __init__(
        self,
        city: SimulatedCity,
        scenario: Scenario,
        *,
        seed: int,
        start_ms: int,
        origin_ms: int | None = None,
        disorder: Disorder | None = None,
    ) -> None:
        self._origin_ms = start_ms if origin_ms is None else origin_ms
        if start_ms < self._origin_ms:
            raise ValueError(f"a run starts at its origin or later, got {start_ms} before {self._origin_ms}")
        self._disorder = disorder or Disorder()
        world = World.of(city, seed, self._origin_ms)
        self._injector = Injector(scenario, fault_types(), world)
        self._effects = world.effects
        self._speakers = _speakers(city, world, seed)
        self._lookahead_ms = max((speaker.interval_ms for speaker in self._speakers), default=0)
        self._now_ms = start_ms
        self._random = Random()
        self._held: list[tuple[_Order, OutgoingMessage]] = []
        self._due: list[tuple[int, int]] = []
        self._start()

    @property
    def now_ms(self) -> int:
        """The moment up to which everything was published, epoch ms."""
        return self._now_ms

    def truth(self) -> tuple[TruthRecord, ...]:
        """What was injected from the origin up to now, in the order of time; ends may lie in the future."""
        return self._injector.truth(self._now_ms)

    def advance(self, to_ms: int) -> list[OutgoingMessage]:
        """All messages published after the last moment and up to this one, in the order of time.

        The first call begins with the retained statuses of all devices that are not silent.

        Raises:
            ValueError: the moment lies before the last one.
        """
        if to_ms < self._now_ms:
            raise ValueError(f"a simulation never goes back: it is {self._now_ms}, asked for {to_ms}")
        self._make_up_to(to_ms)
        ready: list[tuple[_Order, OutgoingMessage]] = []
        while self._held and self._held[0][0][0] <= to_ms:
            ready.append(heapq.heappop(self._held))
        self._now_ms = to_ms
        return [message for _, message in ready]

    def _start(self) -> None:
        """Bring up what is under way at the start: late messages, and events of reports made before it."""
        reach_ms = self._lookahead_ms + 2 * milliseconds(self._disorder.late_max_s)
        for speaker in self._speakers:
            behind_ms = self._now_ms - reach_ms - self._origin_ms - speaker.phase_ms
            first_tick = max(0, -(-behind_ms // speaker.interval_ms))
            due_ms = self._origin_ms + speaker.phase_ms + first_tick * speaker.interval_ms
            self._due.append((due_ms, speaker.index))
        heapq.heapify(self._due)
        self._make_up_to(self._now_ms)
        self._held = [item for item in self._held if item[0][0] > self._now_ms]
        for speaker in self._speakers:
            if not self._effects.active(speaker.device.id, SILENT, self._now_ms):
                self._held.append(
                    ((self._now_ms, speaker.index, -1, 0), _online(speaker.device, self._now_ms))
                )
        heapq.heapify(self._held)

    def _make_up_to(self, to_ms: int) -> None:
        """Let every device speak that is due."""
        self._injector.extend_to(to_ms + self._lookahead_ms)
        while self._due and self._due[0][0] <= to_ms:
            at_ms, index = self._due[0]
            speaker = self._speakers[index]
            heapq.heapreplace(self._due, (at_ms + speaker.interval_ms, index))
            self._report(speaker, at_ms)

    def _report(self, speaker: _Speaker, at_ms: int) -> None:
        """One report of a device, and the events until its next."""
        device, behaviour = speaker.device, speaker.behaviour
        tick = (at_ms - self._origin_ms - speaker.phase_ms) // speaker.interval_ms
        self._random.seed(speaker.seed + tick * _TICK_STEP)
        moment = Moment(at_ms, tick, speaker.interval_ms, self._random)
        if not self._effects.active(device.id, SILENT, at_ms):
            reading = {"ts": _written(behaviour, at_ms), "seq": tick, **behaviour.telemetry(device, moment)}
            self._send((at_ms, speaker.index, tick, 0), speaker.telemetry_topic, reading)
        for number, happening in enumerate(behaviour.events(device, moment), 1):
            if not self._effects.active(device.id, SILENT, happening.at_ms):
                self._tell(speaker, tick, number, happening)

    def _tell(self, speaker: _Speaker, tick: int, number: int, happening: Happening) -> None:
        event = {
            "id": f"{speaker.device.id}-{tick}-{number}",
            "ts": _written(speaker.behaviour, happening.at_ms),
            **happening.members,
        }
        self._send((happening.at_ms, speaker.index, tick, number), speaker.event_topic, event)

    def _send(self, order: _Order, topic: str, members: Mapping[str, Any]) -> None:
        """Hold a message until its time: mostly its own, sometimes later, sometimes twice."""
        payload = _encode(members)
        at_ms = order[0]
        if self._random.random() < self._disorder.late_share:
            at_ms += self._delay_ms()
        heapq.heappush(self._held, ((at_ms, *order[1:]), OutgoingMessage(at_ms, topic, payload)))
        if self._random.random() < self._disorder.duplicate_share:
            again_ms = at_ms + self._delay_ms()
            # The number tells the second from the first when both fall on one millisecond.
            repeat: _Order = (again_ms, order[1], order[2], -1 - order[3])
            heapq.heappush(self._held, (repeat, OutgoingMessage(again_ms, topic, payload)))

    def _delay_ms(self) -> int:
        return self._random.randint(1, milliseconds(self._disorder.late_max_s))


def _speakers(city: SimulatedCity, world: World, seed: int) -> list[_Speaker]:
    """The devices that speak, each with a phase of its own, so that they do not all speak at once."""
    by_kind = behaviours(world)
    speaking = [d for d in city.devices if d.life is Life.IN_SERVICE and not d.is_passive]
    missing = {device.kind for device in speaking} - by_kind.keys()
    if missing:
        raise ValueError(f"no behaviour for {sorted(missing)!r}; add a file to simulators/kinds/")
    return [_speaker(index, device, by_kind[device.kind], seed) for index, device in enumerate(speaking)]


def _speaker(index: int, device: Device, behaviour: Behaviour, seed: int) -> _Speaker:
    own_seed = stable_seed(seed, "reports", device.id)
    interval_ms = milliseconds(device.interval_s)
    return _Speaker(
        index=index,
        device=device,
        behaviour=behaviour,
        seed=own_seed,
        interval_ms=interval_ms,
        phase_ms=1 + own_seed % interval_ms,
        telemetry_topic=native_topic(device.area, device.kind, device.id, Channel.TELEMETRY),
        event_topic=native_topic(device.area, device.kind, device.id, Channel.EVENT),
    )


def _online(device: Device, at_ms: int) -> OutgoingMessage:
    topic = native_topic(device.area, device.kind, device.id, Channel.STATUS)
    return OutgoingMessage(at_ms, topic, _ONLINE, retain=True)


def _written(behaviour: Behaviour, at_ms: int) -> int | str:
    """A moment as the kind writes it."""
    return at_ms if behaviour.time_format is TimeFormat.EPOCH_MS else rfc3339_ms(at_ms)
