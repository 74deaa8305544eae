"""Turns a scenario into injected faults: which device, from when to when, and what it does to whom."""

import heapq
from collections.abc import Iterable, Sequence

from simulators.effects import Effects
from simulators.injection import FaultType, Injection
from simulators.randomness import stable_seed
from simulators.scenario import FaultPlan, Scenario
from simulators.truth import TruthRecord
from simulators.world import World

__all__ = ["Injector"]


class Injector:
    """Works out a scenario's injections in the order of time, as far as it is asked to.

    Two faults never touch one device at the same time, so that each can be judged alone; an occurrence
    for which no device is left does not take place.

    Raises:
        ValueError: the scenario names a fault or a device that does not exist.
    """

    def __init__(self, scenario: Scenario, types: Iterable[FaultType], world: World) -> None:
        self._scenario = scenario
        self._types = {fault.id: fault for fault in types}
        self._world = world
        self._records: list[TruthRecord] = []
        self._busy: dict[str, list[tuple[int, int]]] = {}
        self._check()
        self._next = [(world.origin_ms + plan.at_ms, line, 0) for line, plan in enumerate(scenario.faults)]
        heapq.heapify(self._next)

    @property
    def effects(self) -> Effects:
        """Where the effects of everything worked out so far stand."""
        return self._world.effects

    def extend_to(self, until_ms: int) -> None:
        """Work out everything that begins up to a moment."""
        while self._next and self._next[0][0] <= until_ms:
            from_ms, line, turn = heapq.heappop(self._next)
            plan = self._scenario.faults[line]
            self._inject(plan, from_ms, line, turn)
            if plan.every_ms is not None:
                heapq.heappush(self._next, (from_ms + plan.every_ms, line, turn + 1))

    def truth(self, until_ms: int) -> tuple[TruthRecord, ...]:
        """What was injected and had begun by a moment, in the order of time."""
        return tuple(record for record in self._records if record.from_ms <= until_ms)

    def _check(self) -> None:
        kind_of = {device.id: device.kind for device in self._world.city.devices}
        for plan in self._scenario.faults:
            if plan.fault not in self._types:
                raise ValueError(f"unknown fault {plan.fault!r}; known: {', '.join(sorted(self._types))}")
            if not isinstance(plan.device, str):
                continue
            if plan.device not in kind_of:
                raise ValueError(f"{plan.fault} is planned for {plan.device!r}, which the city does not have")
            able, kind = self._types[plan.fault].kind, kind_of[plan.device]
            if kind != able:
                raise ValueError(
                    f"{plan.fault} is a fault of a {able}, {plan.device!r} is a {kind}; name another"
                )

    def _inject(self, plan: FaultPlan, from_ms: int, line: int, turn: int) -> None:
        """Let one occurrence take place at the first device in line that nothing else touches."""
        fault = self._types[plan.fault]
        choice = stable_seed(self._world.seed, "injection", line, turn)
        to_ms = from_ms + plan.for_ms
        able = [
            injection
            for device in self._world.city.devices
            if device.kind == fault.kind and device.life is fault.life
            for injection in [Injection(device=device, from_ms=from_ms, to_ms=to_ms, choice=choice)]
            if fault.fits(injection, self._world)
        ]
        for injection in self._in_line(plan, able, turn, choice):
            if self._take_place(fault, injection):
                return

    def _in_line(
        self, plan: FaultPlan, able: Sequence[Injection], turn: int, choice: int
    ) -> Sequence[Injection]:
        """Where the fault can be, the chosen device first, the others after it in the city's order."""
        if isinstance(plan.device, str) and turn == 0:
            return [injection for injection in able if injection.device.id == plan.device]
        if not able:
            return ()
        first = plan.device - 1 if isinstance(plan.device, int) and turn == 0 else choice
        first %= len(able)
        return [*able[first:], *able[:first]]

    def _take_place(self, fault: FaultType, injection: Injection) -> bool:
        """Note an injection and its effects, unless something else touches one of the devices then."""
        effects = list(fault.effects(injection, self._world))
        touched = {effect.device for effect in effects}
        if any(self._is_busy(device, injection) for device in touched):
            return False
        for device in touched:
            self._busy.setdefault(device, []).append((injection.from_ms, injection.to_ms))
        for effect in effects:
            self._world.effects.add(effect)
        self._records.append(fault.truth(injection, self._world, effects[0].detail))
        return True

    def _is_busy(self, device: str, injection: Injection) -> bool:
        return any(
            from_ms < injection.to_ms and to_ms > injection.from_ms
            for from_ms, to_ms in self._busy.get(device, ())
        )
