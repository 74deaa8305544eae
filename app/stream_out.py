"""Publishing what goes out to integrators: a leader job, in the order and with the numbers of the stream."""

from collections.abc import Callable, Sequence
from typing import Protocol

from api.stream import change_view
from devices.registry import Registry
from devices.topics import out_topic
from store.operations.cursors import CursorRepository
from store.operations.database import OperationsDatabase
from store.operations.stream import OutgoingChange, OutgoingStream

__all__ = ["OutgoingPublisher", "StreamOut"]

_CURSOR = "mqtt-out"
_AT_ONCE = 500


class OutgoingPublisher(Protocol):
    """A connection to the broker, made when it is first needed."""

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish topics and payloads in their order; returns when the broker has acknowledged them all.

        Raises:
            ConnectionError: it has not, in time.
        """
        ...

    def close(self) -> None:
        """Disconnect. Idempotent."""
        ...


class StreamOut:
    """Publishes each numbered change at least once, and in order.

    What was published and not noted before a leader died is published again with the same `stream_seq`:
    whoever has seen that number passes over it.
    """

    name = "stream-out"
    period_s = 0.5

    def __init__(
        self, operations: OperationsDatabase, registry: Callable[[], Registry], publisher: OutgoingPublisher
    ) -> None:
        self._stream = OutgoingStream(operations)
        self._cursors = CursorRepository(operations)
        self._registry = registry
        self._publisher = publisher

    def run(self, _now_ms: int) -> None:
        """Publish what was not published yet.

        Raises:
            ConnectionError: the broker does not answer; the same is published in the next pass.
            LeaseLostError: another process leads.
            OperationsUnavailableError: the store does not answer.
        """
        while batch := self._stream.after(self._cursors.get(_CURSOR), _AT_ONCE):
            registry = self._registry()
            self._publisher.publish([_message(out, registry) for out in batch])
            self._cursors.move(_CURSOR, batch[-1].stream_seq)

    def close(self) -> None:
        """Disconnect."""
        self._publisher.close()


def _message(out: OutgoingChange, registry: Registry) -> tuple[str, bytes]:
    view = change_view(out, registry)
    about = view.fault or view.violation
    device = about.device.id if about is not None else out.change.id
    # A device that was let go since has no kind any more, and a topic no empty level.
    kind = out.change.kind or (registry[device].kind if device in registry else "unknown")
    topic = out_topic(out.change.type.value, out.change.area, kind, device)
    return topic, view.model_dump_json().encode()
