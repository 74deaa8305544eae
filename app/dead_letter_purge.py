"""Forgetting dead letters: they may hold personal data and come in floods: they are not kept for ever."""

import structlog

from devices.clock import Clock
from store.operations.dead_letters import DeadLetterRepository
from store.operations.errors import OperationsUnavailableError

__all__ = ["DeadLetterPurge"]

_log = structlog.get_logger(__name__)
_DAY_MS = 86_400_000


class DeadLetterPurge:
    """Removes the letters received more than `keep_days` ago, and the oldest beyond `keep_newest`.

    `removed` counts them since the start.
    """

    def __init__(self, letters: DeadLetterRepository, clock: Clock, keep_days: int, keep_newest: int) -> None:
        self._letters = letters
        self._clock = clock
        self._keep_ms = keep_days * _DAY_MS
        self._keep_newest = keep_newest
        self.removed = 0

    def run(self) -> None:
        """Remove what is too old or too much now; where the store does not answer, the next time."""
        try:
            count = self._letters.purge(self._clock.now_ms() - self._keep_ms, self._keep_newest)
        except OperationsUnavailableError as error:
            _log.warning("dead_letters_stay", why=str(error))
            return
        self.removed += count
        if count:
            _log.info("dead_letters_purged", count=count)
