"""Numbering what goes out: a leader job, because only one process may."""

from store.operations.database import OperationsDatabase
from store.operations.stream import OutgoingStream

__all__ = ["StreamNumbers"]


class StreamNumbers:
    """Gives every committed change its `stream_seq`, within a fraction of a second."""

    name = "stream-numbers"
    period_s = 0.2

    def __init__(self, operations: OperationsDatabase) -> None:
        self._stream = OutgoingStream(operations)

    def run(self, _now_ms: int) -> None:
        """Number what has none.

        Raises:
            LeaseLostError: another process leads.
            OperationsUnavailableError: the store does not answer.
        """
        self._stream.number()
