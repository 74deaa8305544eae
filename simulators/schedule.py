"""When faults happen: a scenario's lines turned into occurrences, one day of the run after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from devices.durations import parse_duration_ms
from simulators.injection import FaultType
from simulators.randomness import generator, stable_seed
from simulators.scenario import EVERY_FAULT, FaultPlan, Scenario, parse_span_ms
from simulators.world import World

__all__ = ["Occurrence", "Schedule"]

_MS_PER_DAY = 86_400_000
_MS_PER_S = 1000
_WARM_UP_MS = 600_000  # whoever watches the city must first have seen it well
_TRIES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A fault that wants to happen: at one of several moments (epoch ms), in the order of preference.

    `place` is what the scenario says about the device; `choice` the seed's number for what is left open.
    A `fixed` one happens at its moment or not at all, and need not be seen; others have been seen at
    `seen_by_ms`, if that is given.
    """

    fault: FaultType
    moments_ms: Sequence[int]
    for_ms: int
    choice: int
    fixed: bool
    seen_by_ms: int | None = None
    place: str | int | None = None


class Schedule:
    """What wants to happen on each day since the origin. A day depends on scenario, city and seed alone."""

    def __init__(self, scenario: Scenario, types: Mapping[str, FaultType], world: World) -> None:
        self._plans = scenario.faults
        self._types = types
        self._world = world
        self._breadth = self._breadths()

    def of_day(self, day: int) -> Sequence[Occurrence]:
        """Occurrences of a day, counting from 0: the fixed ones first, then what strikes most devices."""
        fixed: list[tuple[int, Occurrence]] = []
        free: list[Occurrence] = []
        for line, plan in enumerate(self._plans):
            if plan.at is not None:
                fixed += self._fixed(line, plan, day)
            elif plan.per_day is not None:
                free += self._of_each_type(line, plan, plan.per_day, day)
            elif plan.share_per_day is not None:
                free += self._of_devices(line, plan, plan.share_per_day, day)
        fixed.sort(key=lambda item: item[0])
        free.sort(key=lambda one: -self._breadth[one.fault.kind])
        return [*(one for _, one in fixed), *free]

    def _breadths(self) -> Mapping[str, int]:
        """By kind, how many devices hang on one of it at most."""
        breadth = {fault.kind: 0 for fault in self._types.values()}
        for device in self._world.city.devices:
            if device.kind in breadth:
                below = len(self._world.kin.below(device.id))
                breadth[device.kind] = max(breadth[device.kind], below)
        return breadth

    def _fixed(self, line: int, plan: FaultPlan, day: int) -> Iterator[tuple[int, Occurrence]]:
        """The turns of a line that fall on a day, each with its moment."""
        first_ms = parse_duration_ms(plan.at or "0s")
        every_ms = parse_duration_ms(plan.every) if plan.every else None
        begins_ms, ends_ms = day * _MS_PER_DAY, (day + 1) * _MS_PER_DAY
        turn = max(0, -((first_ms - begins_ms) // every_ms)) if every_ms else 0
        while begins_ms <= first_ms + turn * (every_ms or 0) < ends_ms:
            at_ms = self._world.origin_ms + first_ms + turn * (every_ms or 0)
            for number in range(plan.times):
                yield at_ms, self._occurrence(line, plan, turn, number, at_ms)
            turn += 1
            if every_ms is None:
                return

    def _occurrence(self, line: int, plan: FaultPlan, turn: int, number: int, at_ms: int) -> Occurrence:
        fault = self._types[str(plan.fault)]
        repeat = (number,) if number else ()
        choice = stable_seed(self._world.seed, "injection", line, turn, *repeat)
        return Occurrence(
            fault=fault,
            moments_ms=(at_ms,),
            for_ms=_lasting_ms(plan, fault, Random(choice)),
            choice=choice,
            fixed=True,
            place=plan.device if turn == 0 and (number == 0 or isinstance(plan.device, int)) else None,
        )

    def _of_each_type(self, line: int, plan: FaultPlan, per_day: float, day: int) -> Iterator[Occurrence]:
        for fault in self._meant(plan):
            for number in range(self._count(per_day, day, line, fault.id)):
                yield self._at_random(plan, fault, day, (line, fault.id, number), None)

    def _of_devices(self, line: int, plan: FaultPlan, share: float, day: int) -> Iterator[Occurrence]:
        """Every device is as likely to fail as any other, and has one of its faults."""
        faults = self._meant(plan)
        lives = {(fault.kind, fault.life) for fault in faults}
        devices = [d for d in self._world.city.devices if (d.kind, d.life) in lives]
        for number in range(self._count(share * len(devices), day, line)):
            random = generator(self._world.seed, "failing", line, day, number)
            device = random.choice(devices)
            own = [fault for fault in faults if (fault.kind, fault.life) == (device.kind, device.life)]
            yield self._at_random(plan, random.choice(own), day, (line, number), device.id)

    def _at_random(
        self, plan: FaultPlan, fault: FaultType, day: int, what: tuple[object, ...], place: str | None
    ) -> Occurrence:
        choice = stable_seed(self._world.seed, "random injection", day, *what)
        random = Random(choice)
        begins_ms = self._world.origin_ms + day * _MS_PER_DAY
        least_ms, most_ms = begins_ms + (0 if day else _WARM_UP_MS), begins_ms + _MS_PER_DAY
        return Occurrence(
            fault=fault,
            moments_ms=[random.randrange(least_ms, most_ms) // _MS_PER_S * _MS_PER_S for _ in range(_TRIES)],
            for_ms=_lasting_ms(plan, fault, random),
            choice=choice,
            fixed=False,
            # So that a run of a single day has something to show of most types.
            seen_by_ms=None if day else most_ms,
            place=place,
        )

    def _meant(self, plan: FaultPlan) -> Sequence[FaultType]:
        """The types that a line is about, by id."""
        names = set(plan.named) if plan.fault != EVERY_FAULT else set(self._types)
        return [
            self._types[name]
            for name in sorted(names - set(plan.apart_from))
            if plan.only is None or (plan.only == "real") == self._types[name].real
        ]

    def _count(self, rate: float, day: int, *what: object) -> int:
        """How many fall on a day, so that any number of days together has the rate to within one."""
        offset = generator(self._world.seed, "offset", *what).random()
        return int(rate * (day + 1) + offset) - int(rate * day + offset)


def _lasting_ms(plan: FaultPlan, fault: FaultType, random: Random) -> int:
    """How long an occurrence lasts, in whole seconds where there is a choice."""
    least_ms, most_ms = parse_span_ms(plan.lasting or "..".join(fault.lasts))
    if least_ms == most_ms:
        return least_ms
    return random.randint(least_ms // _MS_PER_S, most_ms // _MS_PER_S) * _MS_PER_S
