"""Which resolution answers a question best: the coarsest that has the same answer as the readings."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from store.resolutions import Resolution
from store.windows import Aggregate, GroupBy, WindowQuery

__all__ = ["Coverage", "Segment", "coarsest", "planned", "used"]

_MOST_PARTS = 16
_LONGEST = 7
_BY_TIME_WITHIN = frozenset({Aggregate.FIRST, Aggregate.LAST})


@dataclass(frozen=True)
class Segment:
    """A part of a question's time, and what answers it."""

    resolution: Resolution
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class Coverage:
    """What a store has of a kind.

    `stale(resolution, from_ms, to_ms)`: windows that begin there and whose rollup does not say what the
    readings say. `oldest_ms`: before it a resolution has been dropped already.
    """

    stale: Callable[[Resolution, int, int], Sequence[int]]
    oldest_ms: Callable[[Resolution], int]


def coarsest(query: WindowQuery) -> Resolution:
    """The coarsest resolution from which the question can be answered at all.

    Percentiles do not follow from sums, nor does the first of several devices within one window.
    """
    of_many = query.group_by is not GroupBy.DEVICE and query.aggregate in _BY_TIME_WITHIN
    if query.aggregate is Aggregate.PERCENTILE or of_many:
        return Resolution.RAW
    for resolution in (Resolution.HOUR, Resolution.MINUTE):
        length_ms = resolution.length_ms
        if query.every_ms % length_ms == 0 and query.offset_ms % length_ms == 0:
            return resolution
    return Resolution.RAW


def planned(query: WindowQuery, coverage: Coverage) -> list[Segment]:
    """The question's time in parts, in order, each with the resolution that answers it.

    Windows that are cut by the question's ends, or whose rollup is not made yet, are answered by what is
    finer. What was dropped is answered by what is coarser, to whole windows of that.
    """
    best = coarsest(query)
    parts = _few(_joined(_parts(best, query.from_ms, query.to_ms, coverage)), best)
    if best is Resolution.RAW and query.aggregate is Aggregate.PERCENTILE:
        return parts
    return _joined(kept for part in parts for kept in _there(part, coverage))


def _parts(resolution: Resolution, from_ms: int, to_ms: int, coverage: Coverage) -> Iterator[Segment]:
    if resolution is Resolution.RAW:
        if from_ms < to_ms:
            yield Segment(resolution, from_ms, to_ms)
        return
    length_ms = resolution.length_ms
    first_ms, last_ms = -(-from_ms // length_ms) * length_ms, to_ms // length_ms * length_ms
    if first_ms >= last_ms:
        yield from _parts(resolution.finer, from_ms, to_ms, coverage)
        return
    yield from _parts(resolution.finer, from_ms, first_ms, coverage)
    at_ms = first_ms
    for stale_ms in coverage.stale(resolution, first_ms, last_ms):
        if at_ms < stale_ms:
            yield Segment(resolution, at_ms, stale_ms)
        yield from _parts(resolution.finer, stale_ms, stale_ms + length_ms, coverage)
        at_ms = stale_ms + length_ms
    if at_ms < last_ms:
        yield Segment(resolution, at_ms, last_ms)
    yield from _parts(resolution.finer, last_ms, to_ms, coverage)


def _few(parts: list[Segment], best: Resolution) -> list[Segment]:
    """Not many parts: each is a question of its own, and many small ones cost more than readings do.

    Of the stretches that are made, the longest are used, and readings answer all between them.
    """
    if len(parts) <= _MOST_PARTS:
        return parts
    made = sorted(part.to_ms - part.from_ms for part in parts if part.resolution is best)
    shortest_ms = made[-_LONGEST] if len(made) > _LONGEST else 0
    finest = min((part.resolution for part in parts), key=lambda resolution: resolution.length_ms)
    return _joined(
        part
        if part.resolution is best and part.to_ms - part.from_ms > shortest_ms
        else Segment(finest, part.from_ms, part.to_ms)
        for part in parts
    )


def _there(part: Segment, coverage: Coverage) -> Iterator[Segment]:
    """The same with what was dropped answered by what is coarser."""
    coarser = {Resolution.RAW: Resolution.MINUTE, Resolution.MINUTE: Resolution.HOUR}.get(part.resolution)
    oldest_ms = coverage.oldest_ms(part.resolution)
    if coarser is None or oldest_ms <= part.from_ms:
        yield part
        return
    until_ms = min(oldest_ms, part.to_ms)
    yield from _there(Segment(coarser, part.from_ms, until_ms), coverage)
    if until_ms < part.to_ms:
        yield Segment(part.resolution, until_ms, part.to_ms)


def _joined(parts: Iterable[Segment]) -> list[Segment]:
    """Parts, neighbours of one resolution as one."""
    found: list[Segment] = []
    for part in parts:
        if found and found[-1].resolution is part.resolution and found[-1].to_ms == part.from_ms:
            found[-1] = Segment(part.resolution, found[-1].from_ms, part.to_ms)
        else:
            found.append(part)
    return found


def used(segments: Sequence[Segment]) -> Resolution:
    """The resolution that answered the most of a question's time."""
    spans: Counter[Resolution] = Counter()
    for segment in segments:
        spans[segment.resolution] += segment.to_ms - segment.from_ms
    return spans.most_common(1)[0][0]
