"""What detection means, without streaming: sort everything, then search each fault's beginning and end."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rules.expressions.evaluator import evaluate
from rules.expressions.windows import WindowCall
from rules.rule import Lasting, Missing, Rule
from tests.rules.detection.support import MINUTE_MS, History, Told

__all__ = ["expected_history", "window_value"]


@dataclass(frozen=True)
class _Seen:
    """A reading in its place: truth of the condition and of its end, and whether readings lack before it."""

    at_ms: int
    truth: bool | None
    clear: bool | None
    after_gap: bool


def expected_history(
    rules: Iterable[Rule], readings: Iterable[Told], interval_ms: int = MINUTE_MS
) -> History:
    """The faults of lasting rules on 60 W lamps, whatever the order in which their readings come."""
    unique = {(told.device, told.at_ms, told.seq): told for told in readings}
    ordered = sorted(
        unique.values(), key=lambda told: (told.device, told.at_ms, -1 if told.seq is None else told.seq)
    )
    history: History = {}
    for device in {told.device for told in ordered}:
        own = [told for told in ordered if told.device == device]
        for rule in rules:
            pattern = rule.patterns["streetlight"]
            assert isinstance(pattern, Lasting)
            for since, raised, cleared in _faults(pattern, _seen(pattern, own, interval_ms)):
                history[rule.id, device, since] = raised, cleared
    return history


def _seen(pattern: Lasting, readings: Sequence[Told], interval_ms: int) -> list[_Seen]:
    found: list[_Seen] = []
    before: Told | None = None
    windows = {call for expression in pattern.expressions for call in expression.windows}
    for number, told in enumerate(readings):
        row: dict[str, Any] = dict(told.values) | {"d.rated_w": 60.0}
        row |= {f"prev.{name}": value for name, value in (before.values if before else {}).items()}
        for call in windows:
            past = [(one.at_ms, one.values.get(call.field)) for one in readings[: number + 1]]
            row[call.column] = window_value(call, past)
        truth = evaluate(pattern.when.tree, row)
        opposite = None if truth is None else not truth
        clear = opposite if pattern.clear_when is None else evaluate(pattern.clear_when.tree, row)
        gap = before is not None and told.at_ms - before.at_ms > 2 * interval_ms
        assert truth in (True, False, None)
        assert clear in (True, False, None)
        found.append(_Seen(told.at_ms, truth, clear, gap))  # type: ignore[arg-type]
        before = told
    return found


def _faults(pattern: Lasting, seen: Sequence[_Seen]) -> list[tuple[int, int, int | None]]:
    found: list[tuple[int, int, int | None]] = []
    start = 0
    while start < len(seen):
        raised = _raised(pattern, seen, start) if seen[start].truth else None
        if raised is None:
            start += 1
            continue
        cleared = _cleared(pattern, seen, raised)
        end_ms = None if cleared is None else seen[cleared].at_ms
        found.append((seen[start].at_ms, seen[raised].at_ms, end_ms))
        start = len(seen) if cleared is None else cleared + 1
    return found


def _raised(pattern: Lasting, seen: Sequence[_Seen], start: int) -> int | None:
    """The reading at which a run that begins here has lasted; None if it breaks before."""
    for end in range(start, len(seen)):
        keeps = pattern.missing is Missing.KEEP
        if seen[end].truth is False or (seen[end].truth is None and not keeps):
            return None
        if end > start and seen[end].after_gap and not keeps:
            return None
        run = seen[start : end + 1]
        samples = sum(one.truth is True for one in run)
        if seen[end].truth and samples >= pattern.min_samples and _held_ms(run, "truth") >= pattern.for_ms:
            return end
    return None


def _cleared(pattern: Lasting, seen: Sequence[_Seen], raised: int) -> int | None:
    """The first reading after the fault began by which its end has lasted."""
    counts_as_clear = pattern.missing is Missing.CLEAR
    ends = [replace(one, clear=True) if one.clear is None and counts_as_clear else one for one in seen]
    for last in range(raised + 1, len(ends)):
        first = _run_start(pattern, ends, raised, last)
        if ends[last].clear and _held_ms(ends[first : last + 1], "clear") >= pattern.clear_for_ms:
            return last
    return None


def _run_start(pattern: Lasting, ends: Sequence[_Seen], raised: int, last: int) -> int:
    """Where the unbroken run of clear readings begins that stands at `last`."""
    keeps = pattern.missing is Missing.KEEP
    first = last
    while first - 1 > raised:
        before = ends[first - 1].clear
        if before is False or (before is None and not keeps) or (ends[first].after_gap and not keeps):
            break
        first -= 1
    return first


def _held_ms(run: Sequence[_Seen], what: str) -> int:
    """The time between neighbours of which both are known to hold, gaps left out."""
    pairs = itertools.pairwise(run)
    return sum(
        right.at_ms - left.at_ms
        for left, right in pairs
        if getattr(left, what) and getattr(right, what) and not right.after_gap
    )


def window_value(
    call: WindowCall, past: Sequence[tuple[int, float | bool | None]], per_unit: int = 1_000_000
) -> float | None:
    """A window function for the last of some readings, times in ms; sums are of whole numbers."""
    now_ms = past[-1][0]
    known = [
        (at_ms, value)
        for at_ms, value in past
        if at_ms > now_ms - call.span_ms and value is not None and not math.isnan(value)
    ]
    if call.function == "count":
        return float(sum(value is not False for _, value in known))
    values = [float(value) for _, value in known]
    if not values:
        return None
    whole = [round(value * per_unit) for value in values]
    match call.function:
        case "avg":
            return sum(whole) / (len(whole) * per_unit)
        case "min":
            return min(values)
        case "max":
            return max(values)
    passed_ms = known[-1][0] - known[0][0]
    risen = sum(
        later - earlier if later >= earlier else later for earlier, later in itertools.pairwise(whole)
    )
    return risen / (per_unit * passed_ms / 1000) if passed_ms else None
