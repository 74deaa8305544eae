"""New rules for a running service when it is sent SIGHUP."""

import asyncio
import signal

import structlog

from devices.clock import Clock
from rules.errors import RulesError
from rules.ruleset import LiveRules
from store.operations.audit import AuditLog
from store.operations.errors import OperationsUnavailableError
from store.operations.rule_reloads import reload_rules

__all__ = ["RuleReloading"]

_log = structlog.get_logger(__name__)
_WHO = "SIGHUP"


class RuleReloading:
    """Reloads the rules on SIGHUP. The old ones stay when a new one is wrong; the log says which and why."""

    def __init__(self, live: LiveRules, audit: AuditLog, clock: Clock) -> None:
        self._live, self._audit, self._clock = live, audit, clock
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self) -> None:
        """Begin to listen for the signal, in the running loop."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._begin)

    def stop(self) -> None:
        """Listen no more."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)

    def reload(self) -> None:
        """Load the rules anew; what is wrong ends in the log."""
        try:
            change = reload_rules(self._live, self._audit, _WHO, self._clock.now_ms())
        except RulesError as error:
            _log.error("rules_refused", why=str(error), note="the old ones stay")
        except OperationsUnavailableError as error:
            _log.warning("rules_reload_not_audited", why=str(error))
        else:
            _log.info("rules_reloaded", added=change.added, changed=change.changed, removed=change.removed)

    def _begin(self) -> None:
        task = asyncio.create_task(asyncio.to_thread(self.reload), name="reload rules")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
