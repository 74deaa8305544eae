"""A dump out of a running service: its consumers have first written what was acknowledged before."""

import time
from collections.abc import Iterator

from app.version import VERSION
from app.wiring import Pipeline
from store.backup.chunks import Backlog
from store.backup.dumping import dump
from store.backup.frames import packed

__all__ = ["dump_frames"]

_PATIENCE_S = 30.0
_POLL_S = 0.05


def dump_frames(pipeline: Pipeline) -> Iterator[bytes]:
    """Everything at rest, as frames.

    What was acknowledged before this begins is in it, unless a consumer cannot keep up; the plan says how far
    behind it was.
    """
    backlog = _awaited(pipeline)
    stores = pipeline.stores
    with dump(
        stores.operations,
        stores.telemetry,
        program=VERSION,
        now_ms=pipeline.clock.now_ms(),
        backlog=backlog,
    ) as made:
        yield from packed(made)


def _awaited(pipeline: Pipeline) -> Backlog:
    """How many of the entries that are journaled now each consumer has not done within a while."""
    newest = pipeline.tail.newest
    end_s = time.monotonic() + _PATIENCE_S
    while True:
        behind = Backlog(
            telemetry=max(0, newest - pipeline.writer.position),
            operations=max(0, newest - pipeline.detection.position),
        )
        if behind == Backlog(telemetry=0, operations=0) or time.monotonic() > end_s:
            return behind
        time.sleep(_POLL_S)
