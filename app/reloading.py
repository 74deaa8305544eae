"""What a running service reads anew when it is sent SIGHUP: rules, and whom to notify."""

import structlog

from app.errors import StartError
from app.leadership import Leadership
from app.notifying import read_notifying
from app.settings import ServiceSettings
from devices.clock import Clock
from rules.errors import RulesError
from rules.ruleset import LiveRules
from store.operations.audit import AuditLog
from store.operations.errors import OperationsUnavailableError
from store.operations.rule_reloads import reload_rules

__all__ = ["NotifyReloading", "RuleReloading"]

_log = structlog.get_logger(__name__)
_WHO = "SIGHUP"


class RuleReloading:
    """Loads the rules anew. The old ones stay when a new one is wrong; the log says which and why."""

    def __init__(self, live: LiveRules, audit: AuditLog, clock: Clock) -> None:
        self._live, self._audit, self._clock = live, audit, clock

    def reload(self) -> None:
        """Load the rules; what is wrong ends in the log."""
        try:
            change = reload_rules(self._live, self._audit, _WHO, self._clock.now_ms())
        except RulesError as error:
            _log.error("rules_refused", why=str(error), note="the old ones stay")
        except OperationsUnavailableError as error:
            _log.warning("rules_reload_not_audited", why=str(error))
        else:
            _log.info("rules_reloaded", added=change.added, changed=change.changed, removed=change.removed)


class NotifyReloading:
    """Reads the file of channels and routes anew. The old one holds on when the new one is wrong."""

    def __init__(self, settings: ServiceSettings, leadership: Leadership) -> None:
        self._settings, self._leadership = settings, leadership

    def reload(self) -> None:
        """Read the file; a leader begins a new term with it. What is wrong ends in the log."""
        try:
            notifying = read_notifying(self._settings)
        except StartError as error:
            _log.error("notification_refused", why=str(error), note="the old channels and routes stay")
            return
        if notifying is not None:
            self._leadership.begin_anew()
            _log.info("notification_reloaded", routes=[route.id for route in notifying.plan.routes])
