"""The wire form of live changes: server-sent events."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.live import LiveChanges
from api.models.faults import FaultView
from api.models.incidents import IncidentView
from api.models.stream import ChangeView
from api.models.violations import ViolationView
from api.times import moment
from devices.clock import Clock
from devices.registry import Registry
from store.operations.changes import ChangeRecord
from store.operations.incident_records import IncidentRecord
from store.operations.reach import EVERYWHERE, Reach
from store.operations.records import ChangeType, FaultRecord, ViolationRecord, from_body
from store.operations.stream import OutgoingChange

__all__ = ["Admission", "EventStream", "StreamFilter", "change_view", "event_stream"]

_HEARTBEAT_S = 15
_SEND_TIMEOUT_S = 10
_SKIPPED_CHANGES = 100
_ASKED_EVERY_MS = 10_000


@dataclass(frozen=True, kw_only=True)
class StreamFilter:
    """Which changes a stream carries; None for area or kind asks for all."""

    types: frozenset[ChangeType]
    area: str | None = None
    kind: str | None = None
    reach: Reach = EVERYWHERE

    def wants(self, change: ChangeRecord) -> bool:
        """Whether the change is to be sent."""
        return (
            change.type in self.types
            and self.area in (None, change.area)
            and self.kind in (None, change.kind)
            and self.reach.covers(change.area, change.kind)
        )


class Admission:
    """Whether the reader of a stream may still read: asked when there is something to send, every 10 s."""

    def __init__(self, ask: Callable[[], bool], real_clock: Clock) -> None:
        self._ask = ask
        self._clock = real_clock
        self._asked_ms = real_clock.now_ms()

    async def lasts(self) -> bool:
        """Whether the next change may be sent."""
        now_ms = self._clock.now_ms()
        if now_ms - self._asked_ms < _ASKED_EVERY_MS:
            return True
        self._asked_ms = now_ms
        return await to_thread.run_sync(self._ask)


class EventStream(EventSourceResponse):
    """Server-sent events, known as such to the OpenAPI document."""

    media_type = "text/event-stream"


def event_stream(
    live: LiveChanges,
    after: int | None,
    wanted: StreamFilter,
    registry: Callable[[], Registry],
    admission: Admission,
) -> EventStream:
    """The answer that sends changes as they happen, and a comment as heartbeat while nothing does.

    It ends before the first change that its reader may not read any more.
    """
    return EventStream(
        _events(live, after, wanted, registry, admission),
        ping=_HEARTBEAT_S,
        ping_message_factory=lambda: ServerSentEvent(comment="heartbeat"),
        send_timeout=_SEND_TIMEOUT_S,
    )


async def _events(
    live: LiveChanges,
    after: int | None,
    wanted: StreamFilter,
    registry: Callable[[], Registry],
    admission: Admission,
) -> AsyncIterator[ServerSentEvent]:
    # The first bytes go out at once, so that a client knows that it is connected and proxies do not wait.
    yield ServerSentEvent(comment="connected", retry=2000)
    skipped = 0
    async for out in live.follow(after):
        if wanted.wants(out.change):
            if not await admission.lasts():
                return
            skipped = 0
            data = change_view(out, registry()).model_dump_json()
            yield ServerSentEvent(data, event=out.change.type.value, id=str(out.stream_seq))
        elif (skipped := skipped + 1) % _SKIPPED_CHANGES == 0:
            # An id alone is no event, but the client comes back with it: it need not pass all this again.
            yield ServerSentEvent(id=str(out.stream_seq))


def change_view(out: OutgoingChange, registry: Registry) -> ChangeView:
    """A change as everybody may see it, on a live stream and on MQTT."""
    change = out.change
    body: Mapping[str, Any] = change.body
    fault, violation, incident = None, None, None
    if change.type is ChangeType.FAULT:
        fault = FaultView.of(from_body(FaultRecord, body), registry)
    elif change.type is ChangeType.INCIDENT:
        incident = IncidentView.of(from_body(IncidentRecord, body), registry)
    else:
        # The feed holds the masked plate only, so there is nothing here to hide or to show.
        record = from_body(ViolationRecord, body)
        violation = ViolationView.of(record, registry, plate_masked=True)
    return ChangeView(
        stream_seq=out.stream_seq,
        revision=change.revision,
        at=moment(change.at_ms),
        type=change.type.value,
        change=change.change,
        fault=fault,
        violation=violation,
        incident=incident,
    )
