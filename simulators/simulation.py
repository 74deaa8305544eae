"""The city in motion: everything its devices publish, as a function of seed, origin and time."""

import heapq

from devices.clock import milliseconds
from devices.registry import Device
from devices.topics import Channel, native_topic
from simulators.behaviours import behaviours
from simulators.city import SimulatedCity
from simulators.disorder import Disorder
from simulators.effects import SILENT, STORING
from simulators.fault_types import fault_types
from simulators.injector import Injector
from simulators.messages import OutgoingMessage
from simulators.reporting import Queued, Reporter
from simulators.scenario import Scenario
from simulators.speakers import speakers_of
from simulators.truth import TruthRecord
from simulators.world import World

__all__ = ["Simulation"]

_ONLINE = b'{"state":"online"}'


class Simulation:
    """Publishes what the devices in service of a city say, in simulated time.

    What is published in a span of time depends on city, scenario, disorder, seed and origin alone: neither
    the size of the steps nor the moment of the start changes a byte. `origin_ms` is when the scenario began
    (default: the start); a later start goes on in the midst of it. Without `disorder` the scenario's holds.

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
        disorder = disorder or scenario.disorder or Disorder()
        world = World.of(city, seed, self._origin_ms)
        self._injector = Injector(scenario, fault_types(), world)
        self._effects = world.effects
        self._speakers = speakers_of(city, behaviours(world), disorder, seed=seed, origin_ms=self._origin_ms)
        self._reporter = Reporter(self._effects, disorder)
        self._lookahead_ms = max((speaker.interval_ms for speaker in self._speakers), default=0)
        self._now_ms = start_ms
        self._held: list[Queued] = []
        self._due: list[tuple[int, int]] = []
        self._start(self._lookahead_ms + 2 * milliseconds(disorder.late_max_s))

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
        ready = []
        for item in self._made_up_to(to_ms):
            if item[0] <= to_ms:
                ready.append(item)
            else:
                heapq.heappush(self._held, item)
        while self._held and self._held[0][0] <= to_ms:
            ready.append(heapq.heappop(self._held))
        ready.sort()
        self._now_ms = to_ms
        return [item[-1] for item in ready]

    def _start(self, reach_ms: int) -> None:
        """Bring up what is under way at the start: late messages, and events of reports made before it."""
        for speaker in self._speakers:
            first = speaker.report_at(self._now_ms - reach_ms)
            self._due.append((speaker.first_ms + first * speaker.interval_ms, speaker.index))
        heapq.heapify(self._due)
        self._held = [item for item in self._made_up_to(self._now_ms) if item[0] > self._now_ms]
        for speaker in self._speakers:
            if not any(self._effects.active(speaker.id, knob, self._now_ms) for knob in (SILENT, STORING)):
                online = _online(speaker.device, self._now_ms)
                self._held.append((self._now_ms, speaker.index, -1, 0, 0, online))
        heapq.heapify(self._held)

    def _made_up_to(self, to_ms: int) -> list[Queued]:
        """What the devices say that are due; some of it for later."""
        self._injector.extend_to(to_ms + self._lookahead_ms)
        made: list[Queued] = []
        due, speakers, report = self._due, self._speakers, self._reporter.report
        while due and due[0][0] <= to_ms:
            at_ms, index = due[0]
            speaker = speakers[index]
            heapq.heapreplace(due, (at_ms + speaker.interval_ms, index))
            report(speaker, at_ms, made)
        return made


def _online(device: Device, at_ms: int) -> OutgoingMessage:
    topic = native_topic(device.area, device.kind, device.id, Channel.STATUS)
    return OutgoingMessage(at_ms, topic, _ONLINE, retain=True)
