"""Following what other processes change: a number in the operations store that grows with each change."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from devices.errors import RegistryError
from devices.plans import PROGRAMMES, Programme
from devices.registry import Registry
from rules.errors import RulesError
from store.operations.counters import Counter, last_allocated
from store.operations.database import OperationsDatabase
from store.operations.devices import DeviceRepository
from store.operations.entities import EntityRepository
from store.operations.errors import OperationsSetupError, OperationsUnavailableError

__all__ = ["Follower", "registry_at_rest", "registry_follower", "rules_follower", "rules_revision"]

_log = structlog.get_logger(__name__)
_LOOK_EVERY_S = 1.0

Change = Callable[[Registry, Sequence[Programme]], None]


class Follower:
    """Looks at a number again and again, and does something when it has grown.

    `seen` is the number at which this process last read what it stands for. What cannot be taken over is
    logged once; what held goes on to hold.
    """

    def __init__(
        self, name: str, number: Callable[[], int], take_over: Callable[[], None], seen: int
    ) -> None:
        self._name = name
        self._number = number
        self._take_over = take_over
        self._seen = seen

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until told to stop. A store that does not answer is asked again."""
        while not stop.is_set():
            await asyncio.to_thread(self.look)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_EVERY_S)

    def look(self) -> None:
        """Take over what has changed, if something has."""
        try:
            number = self._number()
            if number > self._seen:
                self._take_over()
                self._seen = number
                _log.info("taken_over", what=self._name, revision=number)
        except OperationsUnavailableError as error:
            _log.warning("not_followed", what=self._name, why=str(error))
        except (RegistryError, RulesError, OperationsSetupError) as error:
            self._seen = number
            _log.error("not_taken_over", what=self._name, why=str(error), note="what held goes on to hold")


def registry_at_rest(database: OperationsDatabase) -> tuple[int, Registry, Sequence[Programme]]:
    """The registry and the programmes of the operations store, and a revision that they are at least of.

    Raises:
        OperationsUnavailableError: the store does not answer.
        RegistryError: it holds devices that this program refuses.
    """
    revision = last_allocated(database, Counter.REGISTRY)
    entities = EntityRepository(database)
    programmes = [one for kind in PROGRAMMES for one in entities.load(kind)]
    return revision, DeviceRepository(database).load(), programmes


def registry_follower(database: OperationsDatabase, change: Change, seen: int) -> Follower:
    """Takes over the registry and programmes that other processes changed."""

    def take_over() -> None:
        _, registry, programmes = registry_at_rest(database)
        change(registry, programmes)

    return Follower("registry", lambda: last_allocated(database, Counter.REGISTRY), take_over, seen)


def rules_follower(database: OperationsDatabase, reload: Callable[[], object], seen: int) -> Follower:
    """Loads the rules anew when another process was told to.

    `seen` is `rules_revision` as it was before the rules that hold were loaded.
    """
    return Follower("rules", lambda: rules_revision(database), lambda: (reload(), None)[1], seen)


def rules_revision(database: OperationsDatabase) -> int:
    """The last reload of the rules that any process was told of.

    Raises:
        OperationsUnavailableError: the store does not answer.
    """
    return last_allocated(database, Counter.RULES)
