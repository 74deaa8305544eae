"""Rules as the API shows them."""

from pydantic import ConfigDict

from api.models.common import LabelView, Model, RuleRef
from api.times import Moment, moment_or_none
from rules.faults import Severity
from rules.rule import Rule
from rules.ruleset import RulesChange
from rules.why_not import WhyNot

__all__ = ["RuleView", "RulesChangeView", "TermView", "WhyNotView"]


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
                    "runbook": {
                        "vi": "docs/runbooks/vi/lamp-dark.md",
                        "en": "docs/runbooks/en/lamp-dark.md",
                    },
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
    runbook: LabelView | None
    """The pages that say what to do, in the product's documents."""

    @classmethod
    def of(cls, rule: Rule) -> "RuleView":
        """The rule as it is loaded."""
        return cls(
            id=rule.id,
            version=rule.version,
            title=LabelView.of(rule.title),
            kinds=list(rule.patterns),
            severity=rule.severity,
            runbook=_runbook(rule.runbook) if rule.runbook else None,
        )


def _runbook(page: str) -> LabelView:
    vi, en = (f"docs/runbooks/{language}/{page}.md" for language in ("vi", "en"))
    return LabelView(vi=vi, en=en)


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


class TermView(Model):
    """A part of a condition that `&&` or `||` joins to the others."""

    expression: str
    values: str
    """The same with the values of the reading."""
    holds: bool | None
    """Null where a value is missing."""


class WhyNotView(Model):
    """What a rule made of a device up to a moment."""

    rule: RuleRef
    device: str
    is_fault: bool
    verdict: LabelView
    """Why there is a fault, or none."""
    measured_at: Moment | None
    """The last reading that was judged."""
    expression: str
    values: str
    holds: bool | None
    terms: list[TermView]

    @classmethod
    def of(cls, rule: Rule, device: str, found: WhyNot) -> "WhyNotView":
        """The answer about a rule and a device."""
        return cls(
            rule=RuleRef(id=rule.id, version=rule.version),
            device=device,
            is_fault=found.is_fault,
            verdict=LabelView.of(found.verdict),
            measured_at=moment_or_none(found.measured_at_ms),
            expression=found.expression,
            values=found.values,
            holds=found.holds,
            terms=[
                TermView(expression=term.expression, values=term.values, holds=term.holds)
                for term in found.terms
            ],
        )
