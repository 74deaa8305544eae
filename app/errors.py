"""What stops a start: one clear sentence for the person at the terminal."""

__all__ = ["StartError"]


class StartError(Exception):
    """The service cannot start; the message is one sentence that says why and what to do."""
