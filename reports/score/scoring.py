"""From truth and reports to a score."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reports.score.catalogue import RuleBook
from reports.score.figures import FalseReport, Figures, Missed, Score, TypeScore
from reports.score.matching import Judged, Tolerance, Verdict, judge
from reports.score.raised import RaisedFault, Reports
from reports.score.suspicions import Suspicions, judge_suspicions
from reports.score.truth import Injection, Truth

__all__ = ["DEVICES_PER_OPERATOR", "score"]

DEVICES_PER_OPERATOR = 1_000
_HOUR_MS = 3_600_000


def score(truth: Truth, reports: Reports, rules: RuleBook, tolerance: Tolerance | None = None) -> Score:
    """The score of a run; the same whatever the order of injections and reports."""
    tolerance = tolerance or Tolerance()
    devices = [one for one in truth.injections if not rules.is_violation(one)]
    left_out = {index for index, one in enumerate(devices) if one.real and _is_left_out(one, truth, rules)}
    raised = [one for one in reports.faults if truth.from_ms <= one.raised_at_ms <= truth.to_ms]
    judged = judge(devices, left_out, raised, tolerance)
    suspicions = judge_suspicions(
        [one for one in truth.injections if rules.is_violation(one)],
        [one for one in reports.violations if truth.from_ms <= one.occurred_at_ms <= truth.to_ms],
        tolerance,
    )
    hits = {id(one.injection): one.fault for one in judged if one.verdict is Verdict.HIT}
    kept = [one for index, one in enumerate(devices) if one.real and index not in left_out]
    missed = [one for one in kept if id(one) not in hits] + suspicions.missed
    rows = _types(devices, judged, hits, left_out, rules)
    return Score(
        city=truth.city,
        scenario=truth.scenario,
        seed=truth.seed,
        devices=truth.devices,
        from_ms=truth.from_ms,
        to_ms=truth.to_ms,
        faults=_total(rows, judged),
        covered=_total([row for row in rows if row.covered], judged),
        violations=suspicions.total,
        types=tuple(sorted([*rows, *_violation_types(suspicions, rules)], key=_row_order)),
        symptoms=_count(judged, Verdict.SYMPTOM),
        suppressed=_count(judged, Verdict.SUPPRESSED),
        incidents_by_hour=_incidents_by_hour(raised, truth),
        operators=math.ceil(truth.devices / DEVICES_PER_OPERATOR),
        missed=tuple(
            _missed(one) for one in sorted(missed, key=lambda one: (one.from_ms, one.device, one.fault))
        ),
        false=(*_false(judged), *suspicions.false),
        base_url=reports.base_url,
    )


def _is_left_out(injection: Injection, truth: Truth, rules: RuleBook) -> bool:
    """Whether nothing can be said of an injection: never observable, or too near the end of the run."""
    observable_ms = injection.observable_from_ms
    return observable_ms is None or observable_ms + rules.reaction_ms(injection) > truth.to_ms


def _types(
    injections: Sequence[Injection],
    judged: Sequence[Judged],
    hits: Mapping[int, RaisedFault],
    left_out: Iterable[int],
    rules: RuleBook,
) -> list[TypeScore]:
    """A row for each type of fault and of look-alike."""
    groups: dict[tuple[str, bool], list[Injection]] = defaultdict(list)
    for injection in injections:
        groups[injection.fault, injection.real].append(injection)
    out = {id(injections[index]) for index in left_out}
    return [
        TypeScore(
            fault=fault,
            real=real,
            violation=False,
            covered=real and any(rules.covers(one) for one in group),
            figures=_of_type(group, judged, hits, out) if real else _of_look_alike(group, judged),
            bound_s=_bound_s(group, rules),
        )
        for (fault, real), group in groups.items()
    ]


def _of_type(
    group: Sequence[Injection], judged: Sequence[Judged], hits: Mapping[int, RaisedFault], out: set[int]
) -> Figures:
    own = {id(one) for one in group}
    kept = [one for one in group if id(one) not in out]
    found = [(one, hits[id(one)]) for one in kept if id(one) in hits]
    named = {(rule, one.kind) for one in group for rule in one.rules}
    return Figures(
        injected=len(group),
        left_out=len(group) - len(kept),
        found=len(found),
        missed=len(kept) - len(found),
        right=len(found),
        # A false report says something: it counts against every type that it may have meant.
        false=sum(
            one.verdict is Verdict.FALSE and (one.fault.rule, one.fault.kind) in named for one in judged
        ),
        repeats=sum(one.verdict is Verdict.REPEAT and id(one.injection) in own for one in judged),
        delays_s=tuple(sorted(_delay_s(one, fault) for one, fault in found)),
    )


def _of_look_alike(group: Sequence[Injection], judged: Sequence[Judged]) -> Figures:
    own = {id(one) for one in group}
    provoked = sum(one.verdict is Verdict.FALSE and id(one.injection) in own for one in judged)
    return Figures(injected=len(group), false=provoked)


def _violation_types(suspicions: Suspicions, rules: RuleBook) -> list[TypeScore]:
    return [
        TypeScore(
            fault=fault,
            real=real,
            violation=True,
            covered=real and any(rules.covers(one) for one in suspicions.injections if one.fault == fault),
            figures=figures,
            bound_s=_bound_s([one for one in suspicions.injections if one.fault == fault], rules),
        )
        for (fault, real), figures in suspicions.by_type.items()
    ]


def _bound_s(group: Iterable[Injection], rules: RuleBook) -> float | None:
    """What the median delay of a type may not exceed."""
    bounds = [rules.bound_s(one) for one in group if one.real]
    return min((one for one in bounds if one is not None), default=None)


def _total(rows: Iterable[TypeScore], judged: Sequence[Judged]) -> Figures:
    """The sum over real types; false reports are counted once, whatever they may have meant."""
    real = [row.figures for row in rows if row.real]
    return replace(
        Figures(),
        injected=sum(one.injected for one in real),
        left_out=sum(one.left_out for one in real),
        found=sum(one.found for one in real),
        missed=sum(one.missed for one in real),
        right=sum(one.right for one in real),
        false=_count(judged, Verdict.FALSE),
        repeats=sum(one.repeats for one in real),
        delays_s=tuple(sorted(delay for one in real for delay in one.delays_s)),
    )


def _delay_s(injection: Injection, fault: RaisedFault) -> float:
    """Seconds from the first moment it could be observed to the moment the service knew."""
    return max(0.0, (fault.detected_at_ms - (injection.observable_from_ms or injection.from_ms)) / 1000)


def _count(judged: Iterable[Judged], verdict: Verdict) -> int:
    return sum(one.verdict is verdict for one in judged)


def _incidents_by_hour(raised: Iterable[RaisedFault], truth: Truth) -> tuple[int, ...]:
    """Incidents by the hour in which their first fault was raised."""
    first: dict[str, int] = {}
    for fault in raised:
        if not fault.suppressed:
            before_ms = first.get(fault.notified_as, fault.raised_at_ms)
            first[fault.notified_as] = min(before_ms, fault.raised_at_ms)
    counts = [0] * math.ceil((truth.to_ms - truth.from_ms) / _HOUR_MS)
    for at_ms in first.values():
        counts[min((at_ms - truth.from_ms) // _HOUR_MS, len(counts) - 1)] += 1
    return tuple(counts)


def _missed(injection: Injection) -> Missed:
    return Missed(
        fault=injection.fault,
        device=injection.device,
        rules=injection.rules,
        from_ms=injection.from_ms,
        to_ms=injection.to_ms,
        observable_from_ms=injection.observable_from_ms or injection.from_ms,
        detail=injection.detail,
    )


def _false(judged: Iterable[Judged]) -> list[FalseReport]:
    return [
        FalseReport(
            id=one.fault.id,
            rule=one.fault.rule,
            device=one.fault.device,
            at_ms=one.fault.raised_at_ms,
            look_alike=one.injection.fault if one.injection else "",
            why=one.fault.why,
        )
        for one in judged
        if one.verdict is Verdict.FALSE
    ]


def _row_order(row: TypeScore) -> tuple[bool, bool, str]:
    """Faults, then violations, then look-alikes; by name."""
    return (not row.real, row.violation, row.fault)
