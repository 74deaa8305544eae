"""New rules for a running service, and the record of it."""

from rules.ruleset import LiveRules, RulesChange
from store.operations.audit import AuditEntry, AuditLog
from store.operations.counters import Counter, allocate

__all__ = ["RULES_RELOADED", "reload_rules"]

RULES_RELOADED = "rules.reload"
"""The action in the audit."""


def reload_rules(live: LiveRules, audit: AuditLog, who: str, at_ms: int) -> RulesChange:
    """Load the rules anew; what changed is in the audit, with the versions that hold now.

    Raises:
        RuleError: a rule is wrong; everything stays as it was.
        OperationsUnavailableError: the new rules hold, and the audit could not be written.
    """
    change = live.reload()
    new = {*change.added, *change.changed}
    detail = {
        "versions": {rule.id: rule.version for rule in live.rules if rule.id in new},
        "removed": list(change.removed),
        "unchanged": change.unchanged,
    }
    entry = AuditEntry(at_ms=at_ms, who=who, action=RULES_RELOADED, target="rules", detail=detail)
    # Other processes of the installation see the number grow, and load theirs.
    audit.append_with(entry, lambda connection: allocate(connection, Counter.RULES, 1))
    return change
