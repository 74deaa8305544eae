"""Availability: the share of devices' time in which they had no critical or major fault. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from reports.kpis import Period
from store.operations.outages import Outage

__all__ = ["availability"]


def availability(outages: Iterable[Outage], devices: Collection[str], period: Period) -> float | None:
    """1 less the share of outage in the time of these devices; None where there are none.

    Outages of one device that overlap count once: two faults do not make it more out than one.
    """
    if not devices:
        return None
    wanted, times = frozenset(devices), defaultdict(list)
    for outage in outages:
        if outage.device in wanted:
            begin_ms = max(outage.from_ms, period.from_ms)
            end_ms = period.to_ms if outage.to_ms is None else min(outage.to_ms, period.to_ms)
            times[outage.device].append((begin_ms, end_ms))
    out_ms = sum(_union_ms(spans) for spans in times.values())
    return 1 - out_ms / (len(wanted) * (period.to_ms - period.from_ms))


def _union_ms(spans: list[tuple[int, int]]) -> int:
    total_ms, reached_ms = 0, 0
    for begin_ms, end_ms in sorted(spans):
        begin_ms = max(begin_ms, reached_ms)  # noqa: PLW2901 - what was counted is not counted again
        if end_ms > begin_ms:
            total_ms += end_ms - begin_ms
            reached_ms = end_ms
    return total_ms
