"""How the operators' work goes: the measures of ISA-18.2 and OPC UA over the faults of the last day."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["DAY_MS", "Figures", "Lived", "figures"]

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
DAY_MS = 24 * _HOUR_MS
_FLOOD_WINDOW_MS = 10 * _MINUTE_MS
# ISA-18.2: more than 10 in 10 minutes is a flood; three or more from one source are chattering, here within
# an hour because devices report every five minutes and not every second; older than a day is stale.
_FLOOD_ABOVE = 10
_CHATTER_FROM = 3
_TOP = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """A fault as the figures see it; times are epoch ms, None for what did not happen."""

    source: tuple[str, str]
    raised_at_ms: int
    cleared_at_ms: int | None = None
    acknowledged_at_ms: int | None = None
    is_shelved: bool = False
    is_out_of_service: bool = False


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The measures at a moment; shares are of 1, `_s` are seconds, None where nothing was measured.

    `top_share` is that of the ten most frequent sources among the faults of the day. `acknowledge_s` (MTTA)
    and `repair_s` (MTTR) are means over what was acknowledged and what cleared within the day.
    """

    active: int
    unacknowledged: int
    stale: int
    shelved: int
    out_of_service: int
    raised_10_minutes: int
    raised_hour: int
    flood_share: float
    top_share: float | None
    chattering: int
    acknowledge_s: float | None
    repair_s: float | None


def figures(faults: Sequence[Lived], now_ms: int) -> Figures:
    """The measures over all faults that are active, and that were raised or cleared in the last day."""
    active = [fault for fault in faults if fault.cleared_at_ms is None]
    today = sorted(
        (f for f in faults if now_ms - DAY_MS < f.raised_at_ms <= now_ms), key=lambda f: f.raised_at_ms
    )
    raised = [fault.raised_at_ms for fault in today]
    return Figures(
        active=len(active),
        unacknowledged=sum(fault.acknowledged_at_ms is None for fault in active),
        stale=sum(now_ms - fault.raised_at_ms > DAY_MS for fault in active),
        shelved=sum(fault.is_shelved for fault in active),
        out_of_service=sum(fault.is_out_of_service for fault in active),
        raised_10_minutes=len(raised) - bisect_left(raised, now_ms - _FLOOD_WINDOW_MS + 1),
        raised_hour=len(raised) - bisect_left(raised, now_ms - _HOUR_MS + 1),
        flood_share=_flood_share(raised, now_ms),
        top_share=_top_share(today),
        chattering=_chattering(today),
        acknowledge_s=_mean_s(_reactions_ms(faults, now_ms)),
        repair_s=_mean_s(_repairs_ms(faults, now_ms)),
    )


def _flood_share(raised: Sequence[int], now_ms: int) -> float:
    """The share of the day in which the ten minutes before held more faults than a person can handle.

    The (n+10)th fault after the nth within ten minutes begins a flood, which lasts while that stays so.
    """
    flooded_ms, until_ms = 0, now_ms - DAY_MS
    for first, last in zip(raised, raised[_FLOOD_ABOVE:], strict=False):
        ends_ms = min(first + _FLOOD_WINDOW_MS, now_ms)
        if last < ends_ms:
            flooded_ms += max(0, ends_ms - max(last, until_ms))
            until_ms = max(until_ms, ends_ms)
    return flooded_ms / DAY_MS


def _top_share(today: Sequence[Lived]) -> float | None:
    if not today:
        return None
    counts = Counter(fault.source for fault in today)
    return sum(count for _, count in counts.most_common(_TOP)) / len(today)


def _chattering(today: Sequence[Lived]) -> int:
    times: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for fault in today:
        times[fault.source].append(fault.raised_at_ms)
    return sum(_comes_often(of) for of in times.values())


def _comes_often(times: Sequence[int]) -> bool:
    later = times[_CHATTER_FROM - 1 :]
    return any(last - first < _HOUR_MS for first, last in zip(times, later, strict=False))


def _reactions_ms(faults: Iterable[Lived], now_ms: int) -> list[int]:
    return [
        max(0, fault.acknowledged_at_ms - fault.raised_at_ms)
        for fault in faults
        if fault.acknowledged_at_ms is not None and now_ms - DAY_MS < fault.acknowledged_at_ms <= now_ms
    ]


def _repairs_ms(faults: Iterable[Lived], now_ms: int) -> list[int]:
    return [
        max(0, fault.cleared_at_ms - fault.raised_at_ms)
        for fault in faults
        if fault.cleared_at_ms is not None and now_ms - DAY_MS < fault.cleared_at_ms <= now_ms
    ]


def _mean_s(milliseconds: Sequence[int]) -> float | None:
    return sum(milliseconds) / len(milliseconds) / 1000 if milliseconds else None
