"""The read path: the little that the collector needs of an MQTT client."""

from collections.abc import Sequence
from typing import Protocol

from devices.messages import RawMessage

__all__ = ["MessageSource"]


class MessageSource(Protocol):
    """A persistent MQTT 5 session at QoS 1 whose messages are acknowledged by hand.

    Messages not acknowledged come again after a reconnection, marked as duplicates.
    """

    @property
    def is_subscribed(self) -> bool:
        """Whether the broker is connected and has confirmed the subscriptions."""
        ...

    async def receive(self, limit: int, timeout_s: float) -> list[RawMessage]:
        """Up to `limit` messages that have arrived; waits at most `timeout_s` for the first. May be empty."""
        ...

    def acknowledge(self, messages: Sequence[RawMessage]) -> None:
        """Tell the broker that these messages are safe, in their order. Never blocks.

        A message of an earlier connection is passed over: the broker sends it again.
        """
        ...
