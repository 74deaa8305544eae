"""One collector for each `collector_id`: a claim in the operations store, a lease like the leader's."""

import asyncio
import uuid
from contextlib import suppress

import structlog

from app.errors import StartError
from store.operations.database import OperationsDatabase
from store.operations.errors import OperationsUnavailableError
from store.operations.leases import Lease, LeaseRepository

__all__ = ["ClaimLostError", "CollectorClaim"]

_log = structlog.get_logger(__name__)

_NAMES = uuid.UUID("0f6a2f3e-4a1e-5c55-9d3b-3f1c0f0b7d52")
_LASTS_S = 30.0
_RENEW_EVERY_S = 5.0


class ClaimLostError(Exception):
    """Another process has claimed our id since."""


class CollectorClaim:
    """The right to speak as a `collector_id`. Its holder is the journal, which no two processes hold.

    So a collector that was killed may begin anew at once, and one on another machine only when the claim of
    the first is over, by the database's clock.
    """

    def __init__(self, database: OperationsDatabase, collector_id: str, journal: str) -> None:
        self._leases = LeaseRepository(database)
        self._collector_id = collector_id
        self._journal = journal
        # A lease's name is shorter than an id may be.
        self._name = f"collector:{uuid.uuid5(_NAMES, collector_id)}"
        self._lease: Lease | None = None

    def take(self) -> None:
        """Claim the id.

        Raises:
            StartError: another journal's collector has it, or the store does not answer.
        """
        try:
            self._lease = self._leases.acquire(self._name, self._journal, _LASTS_S)
            holder = self._leases.look(self._name)
        except OperationsUnavailableError as error:
            raise StartError(str(error)) from error
        if self._lease is None:
            whose = f" with the journal {holder.holder!r}" if holder is not None else ""
            raise StartError(
                f"another collector{whose} runs as collector_id {self._collector_id!r}; give this one an"
                f" IOC_COLLECTOR_ID of its own, or stop the other; a killed one's claim ends after"
                f" {_LASTS_S:.0f} s"
            )

    async def run(self, stop: asyncio.Event) -> None:
        """Hold the claim until told to stop. Where the store does not answer, nobody could take it.

        Raises:
            ClaimLostError: another process has it now.
        """
        while not stop.is_set():
            if not await asyncio.to_thread(self._renewed):
                raise ClaimLostError(
                    f"another process has begun to collect as {self._collector_id!r}: of a journal and a"
                    " collector_id there may be one each"
                )
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _RENEW_EVERY_S)

    def release(self) -> None:
        """Let another have the id at once. Idempotent."""
        lease, self._lease = self._lease, None
        if lease is not None:
            with suppress(OperationsUnavailableError):
                self._leases.release(lease)

    def _renewed(self) -> bool:
        lease = self._lease
        if lease is None:
            return False
        try:
            return self._leases.renew(lease, _LASTS_S)
        except OperationsUnavailableError as error:
            _log.warning("claim_not_renewed", why=str(error))
            return True
