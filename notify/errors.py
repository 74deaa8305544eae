"""Errors of notification, grouped by what the caller can do.

NotifyError
├── NotifyConfigError    the file with channels and routes cannot be used: tell the person who wrote it
├── LinkRefusedError     a link opens nothing: answer that it is not valid, and nothing more
└── DeliveryError        a notification was not taken
    ├── DeliveryLaterError   trying again later is right
    └── DeliveryRefusedError trying again changes nothing
"""

__all__ = [
    "DeliveryError", "DeliveryLaterError", "DeliveryRefusedError", "LinkRefusedError", "NotifyConfigError",
    "NotifyError",
]  # fmt: skip


class NotifyError(Exception):
    """Root of this package's errors."""


class NotifyConfigError(NotifyError):
    """The file with channels and routes breaks rules; the message names each."""


class LinkRefusedError(NotifyError):
    """A link is not ours, or its time is over."""


class DeliveryError(NotifyError):
    """A channel could not hand a notification over; the message is fit for logs: it has no secret in it."""


class DeliveryLaterError(DeliveryError):
    """The other side does not answer or is busy.

    Attributes:
        after_s: how long it asked to be left alone (s), where it did.
    """

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class DeliveryRefusedError(DeliveryError):
    """The other side understood and will not take it."""
