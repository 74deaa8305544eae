"""The rules of an installation: the product's, and its own beside them or in their place."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from rules.errors import RuleError
from rules.loading import load_rules
from rules.management.dependencies import check_dependencies
from rules.proving import check_catalogue
from rules.rule import Rule

__all__ = ["LiveRules", "RulesChange", "difference", "installed_rules", "overlaid"]

_NEW_RULES = "the new rules"


def overlaid(base: Iterable[Rule], own: Iterable[Rule]) -> tuple[Rule, ...]:
    """Both, sorted by id; of two with one id the own one."""
    found = {rule.id: rule for rule in (*base, *own)}
    return tuple(found[rule_id] for rule_id in sorted(found))


def installed_rules(own: Traversable | None) -> tuple[Rule, ...]:
    """The product's rules, with those of an installation's folder beside them or in their place.

    Raises:
        RuleError: a rule breaks the format, or does not do what its tests say.
    """
    product = load_rules()
    if own is None:
        return product
    if not own.is_dir():
        raise RuleError(own.name, None, f"there is no folder {str(own)!r} of rules; make it, or name another")
    report = check_catalogue(own)
    if not report.passed:
        raise RuleError(own.name, None, report.failures[0])
    rules = overlaid(product, load_rules(own))
    check_dependencies(rules)
    return rules


@dataclass(frozen=True, kw_only=True)
class RulesChange:
    """What one set of rules is beside another, by ids; `changed` are those with another version."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def difference(before: Iterable[Rule], after: Iterable[Rule]) -> RulesChange:
    """What changed.

    Raises:
        RuleError: a rule is another under the same version, so that a fault's version would not say which.
    """
    old, new = ({rule.id: rule for rule in rules} for rules in (before, after))
    both = sorted(old.keys() & new.keys())
    for rule_id in both:
        if old[rule_id] != new[rule_id] and old[rule_id].version == new[rule_id].version:
            raise RuleError(
                _NEW_RULES,
                rule_id,
                f"a changed rule needs another version, got {new[rule_id].version} again; raise it",
            )
    changed = tuple(rule_id for rule_id in both if old[rule_id] != new[rule_id])
    return RulesChange(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=changed,
        unchanged=len(both) - len(changed),
    )


class LiveRules:
    """The rules a service works with now, and how new ones take their place. Safe from any thread.

    They are loaded when first asked for.
    """

    def __init__(self, load: Callable[[], Sequence[Rule]] = load_rules) -> None:
        self._load = load
        self._now: tuple[Rule, ...] | None = None
        self._changing = threading.Lock()
        self._followers: list[Callable[[], None]] = []

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules as they are now.

        Raises:
            RuleError: they are asked for the first time, and one is wrong.
        """
        if self._now is None:
            with self._changing:
                self._now = tuple(self._load()) if self._now is None else self._now
        return self._now

    def follow(self, told: Callable[[], None]) -> None:
        """Call this after every change."""
        self._followers.append(told)

    def reload(self) -> RulesChange:
        """Load anew, let the new rules hold from now on, and say what changed. All of them or none.

        Raises:
            RuleError: a rule is wrong; everything stays as it was.
        """
        before = self.rules
        with self._changing:
            after = tuple(self._load())
            change = difference(before, after)
            if change:
                self._now = after
                for told in self._followers:
                    told()
        return change
