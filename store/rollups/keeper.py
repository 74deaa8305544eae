"""Making rollups: windows that are over are summed up, and again when late readings came."""

from collections.abc import Iterator, Sequence

import polars as pl

from devices.catalogue import kinds
from store.resolutions import Resolution
from store.rollups.marks import Mark
from store.rollups.port import RollupStore
from store.rollups.summing import summed_readings, summed_rollups
from store.telemetry import Selection

__all__ = ["RollupKeeper"]

_GRACE_MS = 30_000
_ROWS_AT_ONCE = 500_000
_DAY_MS = 86_400_000
_EVER_MS = 1 << 60
_ROLLUP_KEY = ["device", "area", "key"]


class RollupKeeper:
    """Keeps the rollups of a store true. One at a time: the leader's.

    A window is summed up `_GRACE_MS` after its end, and again each time that a reading of it comes later.
    What is cut short is done again: marks go only when their rollups are stored.
    """

    def __init__(self, store: RollupStore) -> None:
        self._store = store

    def run(self, now_ms: int) -> int:
        """Sum up what is over and marked; how many windows it was."""
        done = 0
        for resolution in (Resolution.MINUTE, Resolution.HOUR):
            ready_ms = now_ms - _GRACE_MS - resolution.length_ms + 1
            for kind in kinds():
                done += self._keep(resolution, kind, ready_ms)
        return done

    def _keep(self, resolution: Resolution, kind: str, ready_ms: int) -> int:
        marks = self._store.pending(resolution, kind, -_EVER_MS, ready_ms)
        for part in self._together(marks):
            self._sum_up(resolution, kind, part)
        return len(marks)

    def _together(self, marks: Sequence[Mark]) -> Iterator[Sequence[Mark]]:
        """Marks that are done in one go: of one day, no hour between them, and not too many readings."""
        group: list[Mark] = []
        for mark in marks:
            if group and (
                mark.start_ms // _DAY_MS != group[0].start_ms // _DAY_MS
                or mark.start_ms - group[-1].start_ms > Resolution.HOUR.length_ms
            ):
                yield from self._halved(group)
                group = []
            group.append(mark)
        if group:
            yield from self._halved(group)

    def _halved(self, marks: Sequence[Mark]) -> Iterator[Sequence[Mark]]:
        rows = self._store.rows_between(marks[0].kind, marks[0].start_ms, marks[-1].end_ms)
        if len(marks) == 1 or rows <= _ROWS_AT_ONCE:
            yield marks
            return
        half = len(marks) // 2
        yield from self._halved(marks[:half])
        yield from self._halved(marks[half:])

    def _sum_up(self, resolution: Resolution, kind: str, marks: Sequence[Mark]) -> None:
        """Make the rollups from the first mark's window to the last one's anew."""
        from_ms, to_ms = marks[0].start_ms, marks[-1].end_ms
        selection = Selection(kind=kind, from_ms=from_ms, to_ms=to_ms)
        if resolution is Resolution.MINUTE:
            frames = [batch.frame for batch in self._store.export(selection)]
            made = summed_readings(frames, kind, resolution) if frames else _nothing(self._store, selection)
        else:
            made = summed_rollups([self._store.rollups(resolution.finer, selection)], kind, resolution)
        whole = _without_loss(made, self._store.rollups(resolution, selection))
        self._store.replace_rollups(resolution, kind, from_ms, to_ms, whole)
        self._store.settle(marks)


def _without_loss(made: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """What was made, but for rollups that are there already of more readings than are left below.

    Those were dropped: a late reading alone does not take the place of all that were there.
    """
    if there.is_empty():
        return made
    fewer = made.select(*_ROLLUP_KEY, left="readings")
    better = there.join(fewer, on=_ROLLUP_KEY, how="left").filter(
        pl.col("left").fill_null(0) < pl.col("readings")
    )
    return pl.concat([made.join(better, on=_ROLLUP_KEY, how="anti"), better.drop("left")])


def _nothing(store: RollupStore, selection: Selection) -> pl.DataFrame:
    """No rollups, with their columns."""
    return store.rollups(Resolution.MINUTE, selection).clear()
