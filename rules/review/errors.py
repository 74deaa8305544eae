"""Errors of review."""

__all__ = ["ReviewRefusedError"]


class ReviewRefusedError(Exception):
    """An officer asked for a step that the violation's state does not allow. Nothing was changed.

    Attributes:
        reason: a stable word for programs.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
