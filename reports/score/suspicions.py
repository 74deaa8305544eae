"""Which suspected violation answers which injection: there, one injection is many violations."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.score.figures import FalseReport, Figures
from reports.score.matching import Tolerance
from reports.score.raised import SuspectedViolation
from reports.score.truth import Injection

__all__ = ["Suspicions", "judge_suspicions"]


@dataclass(frozen=True, kw_only=True)
class Suspicions:
    """The verdict on all suspected violations, in total and by type (name, and whether it is real)."""

    injections: Sequence[Injection]
    by_type: dict[tuple[str, bool], Figures]
    total: Figures
    missed: list[Injection]
    false: list[FalseReport]


def judge_suspicions(
    injections: Sequence[Injection], suspected: Iterable[SuspectedViolation], tolerance: Tolerance
) -> Suspicions:
    """Every suspected violation given to an injection of its device and rule while that lasted, or false.

    More of them than the truth counts are false as well.
    """
    answers: dict[int, list[SuspectedViolation]] = defaultdict(list)
    false: list[FalseReport] = []
    named: dict[str, int] = defaultdict(int)
    for violation in sorted(suspected, key=lambda one: (one.occurred_at_ms, one.rule, one.device, one.id)):
        index = _injection_of(violation, injections, tolerance, answers)
        if index is None:
            false.append(_false(violation))
            named[violation.rule] += 1
        else:
            answers[index].append(violation)
    by_type = {key: _figures(group, injections, answers, named) for key, group in _groups(injections).items()}
    judged = [index for index, one in enumerate(injections) if _is_judged(one)]
    return Suspicions(
        injections=injections,
        by_type=by_type,
        total=_sum([one for (_, real), one in by_type.items() if real], len(false)),
        missed=[injections[index] for index in judged if not answers[index]],
        false=false,
    )


def _injection_of(
    violation: SuspectedViolation,
    injections: Sequence[Injection],
    tolerance: Tolerance,
    answers: dict[int, list[SuspectedViolation]],
) -> int | None:
    """Index of the injection that still lacks a report and ends first; None if there is none."""
    fitting = [
        index
        for index, one in enumerate(injections)
        if one.real
        and one.device == violation.device
        and violation.rule in one.rules
        and one.from_ms - tolerance.slack_ms <= violation.occurred_at_ms <= one.to_ms + tolerance.slack_ms
        and (one.events is None or len(answers[index]) < one.events)
    ]
    return min(fitting, key=lambda index: (injections[index].to_ms, injections[index].fault), default=None)


def _groups(injections: Sequence[Injection]) -> dict[tuple[str, bool], list[int]]:
    groups: dict[tuple[str, bool], list[int]] = defaultdict(list)
    for index, one in enumerate(injections):
        groups[one.fault, one.real].append(index)
    return groups


def _is_judged(injection: Injection) -> bool:
    """Whether there was anything to find."""
    return injection.real and injection.observable_from_ms is not None and injection.events != 0


def _figures(
    group: Sequence[int],
    injections: Sequence[Injection],
    answers: dict[int, list[SuspectedViolation]],
    named: dict[str, int],
) -> Figures:
    judged = [index for index in group if _is_judged(injections[index])]
    found = [index for index in judged if answers[index]]
    right = [one for index in group for one in answers[index]]
    counted = [index for index in group if injections[index].events is not None]
    rules = {rule for index in group for rule in injections[index].rules}
    return Figures(
        injected=len(group),
        left_out=len(group) - len(judged),
        found=len(found),
        missed=len(judged) - len(found),
        right=len(right),
        false=sum(named[rule] for rule in rules),
        delays_s=tuple(sorted((one.detected_at_ms - one.occurred_at_ms) / 1000 for one in right)),
        events=sum(injections[index].events or 0 for index in counted) if counted else None,
        events_found=sum(len(answers[index]) for index in counted) if counted else None,
    )


def _sum(parts: Sequence[Figures], false: int) -> Figures:
    counted = [one for one in parts if one.events is not None]
    return Figures(
        injected=sum(one.injected for one in parts),
        left_out=sum(one.left_out for one in parts),
        found=sum(one.found for one in parts),
        missed=sum(one.missed for one in parts),
        right=sum(one.right for one in parts),
        false=false,
        delays_s=tuple(sorted(delay for one in parts for delay in one.delays_s)),
        events=sum(one.events or 0 for one in counted) if counted else None,
        events_found=sum(one.events_found or 0 for one in counted) if counted else None,
    )


def _false(violation: SuspectedViolation) -> FalseReport:
    return FalseReport(
        id=violation.id, rule=violation.rule, device=violation.device, at_ms=violation.occurred_at_ms
    )
