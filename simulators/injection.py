"""Turns a scenario into injected faults: which device, from when to when, and what it does to whom."""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from devices.registry import Device, Life
from simulators.effects import Effect, Effects
from simulators.randomness import stable_seed
from simulators.scenario import FaultPlan, Scenario

__all__ = ["FaultType", "Injection", "Injector", "TruthRecord"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRecord:
    """What was really wrong: from `from_ms` (inside) to `to_ms` (outside), epoch ms.

    `detail` says more where the fault has more to say, such as which phase.
    """

    fault: str
    device: str
    from_ms: int
    to_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """One occurrence of a fault at a device; `choice` is the seed's number for whatever is left open."""

    fault: str
    device: Device
    from_ms: int
    to_ms: int
    choice: int

    def effect(self, knob: str, *, device: Device | None = None, detail: str = "") -> Effect:
        """The turning of a knob, of the device itself unless another is named, as long as the fault lasts."""
        suffering = device or self.device
        return Effect(device=suffering.id, knob=knob, from_ms=self.from_ms, to_ms=self.to_ms, detail=detail)

    def one_of(self, options: Sequence[_T]) -> _T:
        """One of several, always the same for the same injection."""
        return options[self.choice % len(options)]


def _any_device(device: Device, at_ms: int) -> bool:  # noqa: ARG001 - the default condition
    return True


@dataclass(frozen=True, kw_only=True)
class FaultType:
    """A type of fault: the kind of device that has it and what it does.

    `effects` gives the effects of an injection, the afflicted device's own first. `fits` says whether a
    device can have the fault at a moment (epoch ms).
    """

    id: str
    kind: str
    effects: Callable[[Injection, Sequence[Device]], Iterable[Effect]]
    fits: Callable[[Device, int], bool] = _any_device


@dataclass(frozen=True)
class _Past:
    record: TruthRecord
    touched: frozenset[str]


class Injector:
    """Works out a scenario's injections in the order of time, as far as it is asked to.

    Two faults never touch one device at the same time, so that each can be judged alone; an occurrence
    for which no device is left does not take place.

    Raises:
        ValueError: the scenario names a fault or a device that does not exist.
    """

    def __init__(
        self,
        scenario: Scenario,
        types: Iterable[FaultType],
        devices: Sequence[Device],
        *,
        seed: int,
        origin_ms: int,
    ) -> None:
        self.effects = Effects()
        self._scenario = scenario
        self._types = {fault.id: fault for fault in types}
        self._devices = devices
        self._seed = seed
        self._past: list[_Past] = []
        self._check()
        self._next = [(origin_ms + plan.at_ms, line, 0) for line, plan in enumerate(scenario.faults)]
        heapq.heapify(self._next)

    def extend_to(self, until_ms: int) -> None:
        """Work out everything that begins up to a moment; its effects stand in `effects`."""
        while self._next and self._next[0][0] <= until_ms:
            from_ms, line, turn = heapq.heappop(self._next)
            plan = self._scenario.faults[line]
            self._inject(plan, from_ms, line, turn)
            if plan.every_ms is not None:
                heapq.heappush(self._next, (from_ms + plan.every_ms, line, turn + 1))

    def truth(self, until_ms: int) -> tuple[TruthRecord, ...]:
        """What was injected and had begun by a moment, in the order of time."""
        return tuple(past.record for past in self._past if past.record.from_ms <= until_ms)

    def _check(self) -> None:
        kind_of = {device.id: device.kind for device in self._devices}
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
        choice = stable_seed(self._seed, "injection", line, turn)
        to_ms = from_ms + plan.for_ms
        busy = {device for past in self._past if past.record.to_ms > from_ms for device in past.touched}
        for device in self._candidates(plan, fault, from_ms, turn, choice):
            injection = Injection(fault=fault.id, device=device, from_ms=from_ms, to_ms=to_ms, choice=choice)
            effects = list(fault.effects(injection, self._devices))
            touched = frozenset(effect.device for effect in effects)
            if not touched & busy:
                self._record(injection, effects, touched)
                return

    def _candidates(
        self, plan: FaultPlan, fault: FaultType, at_ms: int, turn: int, choice: int
    ) -> Sequence[Device]:
        """Devices that can have the fault, the chosen one first, the others after it in the city's order."""
        able = [
            device
            for device in self._devices
            if device.kind == fault.kind and device.life is Life.IN_SERVICE and fault.fits(device, at_ms)
        ]
        if isinstance(plan.device, str) and turn == 0:
            return [device for device in able if device.id == plan.device]
        if not able:
            return ()
        first = plan.device - 1 if isinstance(plan.device, int) and turn == 0 else choice
        first %= len(able)
        return able[first:] + able[:first]

    def _record(self, injection: Injection, effects: Sequence[Effect], touched: frozenset[str]) -> None:
        for effect in effects:
            self.effects.add(effect)
        record = TruthRecord(
            fault=injection.fault,
            device=injection.device.id,
            from_ms=injection.from_ms,
            to_ms=injection.to_ms,
            detail=effects[0].detail,
        )
        self._past.append(_Past(record, touched))
