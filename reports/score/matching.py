"""Which raised fault answers which injection; the definition stands in docs/score.md."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from reports.score.raised import RaisedFault
from reports.score.truth import Injection
from rules.flap import SUFFIX

__all__ = ["Judged", "Tolerance", "Verdict", "judge"]


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far a report may lie outside an injection, in ms: before it can be observed, and after its end."""

    slack_ms: int = 60_000
    grace_ms: int = 600_000


class Verdict(StrEnum):
    """What a raised fault is worth.

    `hit`: the first right report of an injection. `repeat`: another right report of one that was already
    found. `symptom`: a consequence that may be reported besides. `suppressed`: nobody was told.
    `left_out`: of an injection that is not judged. `false`: everything else.
    """

    HIT = "hit"
    REPEAT = "repeat"
    SYMPTOM = "symptom"
    SUPPRESSED = "suppressed"
    LEFT_OUT = "left_out"
    FALSE = "false"


@dataclass(frozen=True, slots=True)
class Judged:
    """A raised fault, its verdict, and the injection that it answers or that it was taken in by."""

    fault: RaisedFault
    verdict: Verdict
    injection: Injection | None = None


def judge(
    injections: Sequence[Injection],
    left_out: Collection[int],
    raised: Iterable[RaisedFault],
    tolerance: Tolerance,
) -> list[Judged]:
    """A verdict for each raised fault, in the order of their raising; `left_out` are indices of injections.

    Each report goes to the injection that ends first of those without one, so that as many as possible are
    found.
    """
    windows = _Windows(injections, tolerance)
    found: set[int] = set()
    verdicts: list[Judged] = []
    for fault in sorted(
        raised, key=lambda raised: (raised.raised_at_ms, raised.rule, raised.device, raised.id)
    ):
        if fault.suppressed:
            verdicts.append(Judged(fault, Verdict.SUPPRESSED))
            continue
        if fault.rule.endswith(SUFFIX):
            verdicts.append(windows.flapping(fault))
            continue
        right = windows.right_for(fault)
        if not right:
            verdicts.append(windows.neither_right(fault))
            continue
        index = next((one for one in right if one not in found), right[-1])
        verdict = Verdict.REPEAT if index in found else Verdict.HIT
        found.add(index)
        verdicts.append(Judged(fault, Verdict.LEFT_OUT if index in left_out else verdict, injections[index]))
    return verdicts


class _Windows:
    """The times in which reports of a device are right, or symptoms, or what a look-alike provoked."""

    def __init__(self, injections: Sequence[Injection], tolerance: Tolerance) -> None:
        self._injections = injections
        self._tolerance = tolerance
        self._right: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._symptoms: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._alike: dict[str, list[int]] = defaultdict(list)
        for index in sorted(range(len(injections)), key=lambda one: _order(injections[one])):
            self._place(index, injections[index])

    def right_for(self, fault: RaisedFault) -> list[int]:
        """Indices of the injections that the fault is a right report of, those that end first at the head."""
        return [one for one in self._right.get((fault.device, fault.rule), ()) if self._covers(one, fault)]

    def flapping(self, fault: RaisedFault) -> Judged:
        """The verdict on a fault's coming and going: a symptom where the fault itself may be reported."""
        steady = replace(fault, rule=fault.rule.removesuffix(SUFFIX))
        right = self.right_for(steady)
        if right:
            return Judged(fault, Verdict.SYMPTOM, self._injections[right[0]])
        return replace(self.neither_right(steady), fault=fault)

    def neither_right(self, fault: RaisedFault) -> Judged:
        """The verdict on a fault that is no right report: a symptom, or false."""
        for one in self._symptoms.get((fault.device, fault.rule), ()):
            if self._covers(one, fault, from_start=True):
                return Judged(fault, Verdict.SYMPTOM, self._injections[one])
        for one in self._alike.get(fault.device, ()):
            if self._covers(one, fault, from_start=True):
                return Judged(fault, Verdict.FALSE, self._injections[one])
        return Judged(fault, Verdict.FALSE)

    def _place(self, index: int, injection: Injection) -> None:
        if not injection.real:
            self._alike[injection.device].append(index)
        else:
            for rule in injection.rules:
                self._right[injection.device, rule].append(index)
        for rule in injection.also_rules:
            for device in {injection.device, *injection.also_devices}:
                self._symptoms[device, rule].append(index)

    def _covers(self, index: int, fault: RaisedFault, *, from_start: bool = False) -> bool:
        injection, tolerance = self._injections[index], self._tolerance
        observable_ms = injection.observable_from_ms
        opens_ms = injection.from_ms if from_start or observable_ms is None else observable_ms
        return opens_ms - tolerance.slack_ms <= fault.raised_at_ms <= injection.to_ms + tolerance.grace_ms


def _order(injection: Injection) -> tuple[int, int, str, str]:
    """What ends first comes first; the rest makes the order independent of that of the file."""
    return (injection.to_ms, injection.from_ms, injection.fault, injection.detail)
