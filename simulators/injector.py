"""Turns a scenario into injected faults: which device, from when to when, and what it does to whom."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from devices.registry import Device
from simulators.effects import Effects
from simulators.injection import FaultType, Injection
from simulators.scenario import Scenario
from simulators.schedule import Occurrence, Schedule
from simulators.truth import TruthRecord
from simulators.world import World

__all__ = ["Injector"]

_MS_PER_DAY = 86_400_000
_REST_MS = 1_800_000  # between two faults of a device at random moments, so that the first has cleared
_SEEN_MS = 1_800_000  # a fault at a random moment can be seen for at least that long


class Injector:
    """Works out a scenario's injections, whole days at a time, as far as it is asked to.

    Two faults never touch one device at the same time, so that each can be judged alone; an occurrence
    for which no device is left does not take place.

    Raises:
        ValueError: the scenario names a fault or a device that does not exist.
    """

    def __init__(self, scenario: Scenario, types: Iterable[FaultType], world: World) -> None:
        self._types = {fault.id: fault for fault in types}
        self._world = world
        self._records: list[TruthRecord] = []
        self._busy: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._able: defaultdict[object, list[Device]] = defaultdict(list)
        for device in world.city.devices:
            self._able[device.kind, device.life].append(device)
        self._check(scenario)
        self._schedule = Schedule(scenario, self._types, world)
        self._next_day = 0

    @property
    def effects(self) -> Effects:
        """Where the effects of everything worked out so far stand."""
        return self._world.effects

    def extend_to(self, until_ms: int) -> None:
        """Work out everything that begins up to a moment, and the rest of that day."""
        while self._world.origin_ms + self._next_day * _MS_PER_DAY <= until_ms:
            for occurrence in self._schedule.of_day(self._next_day):
                self._let_happen(occurrence)
            self._next_day += 1

    def truth(self, until_ms: int) -> tuple[TruthRecord, ...]:
        """What was injected and had begun by a moment, in the order of time."""
        begun = (record for record in self._records if record.from_ms <= until_ms)
        return tuple(sorted(begun, key=lambda record: (record.from_ms, record.device)))

    def _check(self, scenario: Scenario) -> None:
        kind_of = {device.id: device.kind for device in self._world.city.devices}
        for plan in scenario.faults:
            for name in plan.named:
                if name not in self._types:
                    raise ValueError(f"unknown fault {name!r}; known: {', '.join(sorted(self._types))}")
            if not isinstance(plan.device, str):
                continue
            if plan.device not in kind_of:
                raise ValueError(f"{plan.fault} is planned for {plan.device!r}, which the city does not have")
            able, kind = self._types[str(plan.fault)].kind, kind_of[plan.device]
            if kind != able:
                raise ValueError(
                    f"{plan.fault} is a fault of a {able}, {plan.device!r} is a {kind}; name another"
                )

    def _let_happen(self, occurrence: Occurrence) -> None:
        """Let an occurrence take place at the first moment and device where it can."""
        for from_ms in occurrence.moments_ms:
            for device in self._in_line(occurrence, from_ms):
                if self._take_place(occurrence, self._injection(occurrence, device, from_ms)):
                    return

    def _injection(self, occurrence: Occurrence, device: Device, from_ms: int) -> Injection:
        return Injection(
            device=device, from_ms=from_ms, to_ms=from_ms + occurrence.for_ms, choice=occurrence.choice
        )

    def _in_line(self, occurrence: Occurrence, from_ms: int) -> Iterator[Device]:
        """Where the fault might be: the chosen device first, the others after it in the city's order."""
        able: Sequence[Device] = self._able[occurrence.fault.kind, occurrence.fault.life]
        place = occurrence.place
        if isinstance(place, str):
            yield from (device for device in able if device.id == place)
            return
        first = occurrence.choice
        if isinstance(place, int):
            able = [d for d in able if self._fits(occurrence, self._injection(occurrence, d, from_ms))]
            first = place - 1
        yield from (able[(first + step) % len(able)] for step in range(len(able)))

    def _fits(self, occurrence: Occurrence, injection: Injection) -> bool:
        """Whether the device can have the fault then and, at a random moment, whether it will be seen."""
        fault = occurrence.fault
        if not fault.fits(injection, self._world):
            return False
        if occurrence.fixed or not fault.real:
            return True
        seen_ms = fault.observable(injection, self._world)
        if seen_ms is None or seen_ms + _SEEN_MS > injection.to_ms:
            return False
        return occurrence.seen_by_ms is None or seen_ms + _SEEN_MS <= occurrence.seen_by_ms

    def _take_place(self, occurrence: Occurrence, injection: Injection) -> bool:
        """Note an injection and its effects, unless something else touches one of the devices then."""
        rest_ms = 0 if occurrence.fixed else _REST_MS
        if self._is_busy(injection.device.id, injection, rest_ms) or not self._fits(occurrence, injection):
            return False
        effects = list(occurrence.fault.effects(injection, self._world))
        touched = {injection.device.id, *(effect.device for effect in effects)}
        if any(self._is_busy(device, injection, rest_ms) for device in touched):
            return False
        for device in touched:
            self._busy[device].append((injection.from_ms, injection.to_ms))
        for effect in effects:
            self._world.effects.add(effect)
        self._records.append(occurrence.fault.truth(injection, self._world, effects[0].detail))
        return True

    def _is_busy(self, device: str, injection: Injection, rest_ms: int) -> bool:
        spans = self._busy.get(device)
        return spans is not None and any(
            from_ms < injection.to_ms + rest_ms and to_ms + rest_ms > injection.from_ms
            for from_ms, to_ms in spans
        )
