"""Rules as the API shows them."""

from pydantic import ConfigDict

from api.models.common import LabelView, Model
from rules.faults import Severity
from rules.rule import Rule
from rules.ruleset import RulesChange

__all__ = ["RuleView", "RulesChangeView"]


class RuleView(Model):
    """A rule that the service works with."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "lamp.out",
                    "version": 1,
                    "title": {"vi": "Đèn không sáng khi đã bật", "en": "Lamp out while commanded on"},
                    "kinds": ["streetlight"],
                    "severity": "minor",
                }
            ]
        }
    )

    id: str
    version: int
    title: LabelView
    kinds: list[str]
    """The kinds of device that it watches."""
    severity: Severity

    @classmethod
    def of(cls, rule: Rule) -> "RuleView":
        """The rule as it is loaded."""
        return cls(
            id=rule.id,
            version=rule.version,
            title=LabelView.of(rule.title),
            kinds=list(rule.patterns),
            severity=rule.severity,
        )


class RulesChangeView(Model):
    """What loading the rules anew changed; ids of rules."""

    added: list[str]
    removed: list[str]
    changed: list[str]
    """Those with another version than before."""
    unchanged: int
    """How many are as they were; their states and timers go on."""

    @classmethod
    def of(cls, change: RulesChange) -> "RulesChangeView":
        """The change as it was made."""
        return cls(
            added=list(change.added),
            removed=list(change.removed),
            changed=list(change.changed),
            unchanged=change.unchanged,
        )
