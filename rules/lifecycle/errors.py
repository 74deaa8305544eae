"""Errors of the life cycle.

DeedRefusedError               the fault's state does not allow it: read the fault again and decide anew
└── AlreadyAcknowledgedError   somebody else was first
"""

__all__ = ["AlreadyAcknowledgedError", "DeedRefusedError"]


class DeedRefusedError(Exception):
    """A person asked for a step that the fault's state does not allow. Nothing was changed.

    Attributes:
        reason: a stable word for programs.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class AlreadyAcknowledgedError(DeedRefusedError):
    """Somebody else acknowledged the fault first.

    Attributes:
        by: the name under which it was acknowledged.
        at_ms: when, in epoch milliseconds.
    """

    def __init__(self, by: str, at_ms: int) -> None:
        super().__init__("already-acknowledged", f"the fault is already acknowledged, by {by!r}")
        self.by = by
        self.at_ms = at_ms
