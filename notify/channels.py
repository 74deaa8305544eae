"""What carries a notification to people or systems: the port that every channel has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["Channel", "Message"]


@dataclass(frozen=True, kw_only=True)
class Message:
    """A notification ready to be carried.

    `key` is the same at every attempt: who has it need not take it twice.
    `html` is the same for a reader of HTML, None where plain text is all there is. `data` is for machines.
    """

    key: str
    title: str
    text: str
    html: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Channel(Protocol):
    """A way to people or a system. Used from several threads."""

    @property
    def id(self) -> str:
        """Its name in the file of channels and routes."""
        ...

    def send(self, message: Message) -> None:
        """Return when the other side has taken the message.

        Raises:
            DeliveryLaterError: it does not answer; trying again is right.
            DeliveryRefusedError: it will not take it.
        """
        ...
