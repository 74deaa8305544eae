"""When a fault comes and goes too often: the formula of Nagios over the last evaluated states."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["SUFFIX", "Flap", "flapping_rule", "share_changed"]

SUFFIX = ".flapping"
_OLDEST_WEIGHT, _NEWEST_WEIGHT = 0.8, 1.2


@dataclass(frozen=True, kw_only=True)
class Flap:
    """A rule's limits: flapping begins above `high` and ends below `low`, shares of 1.

    `window` is how many evaluated states are looked at; among them there are `window` - 1 changes at most.
    """

    window: int = 21
    high: float = 0.30
    low: float = 0.20

    def __post_init__(self) -> None:
        """Refuse limits that could not both be met.

        Raises:
            ValueError: the window is too short, or the limits are not in order.
        """
        if self.window < 3 or not 0 < self.low < self.high < 1:  # noqa: PLR2004 - two changes have a weight
            raise ValueError(
                "flap needs a window of at least 3 and 0 < low < high < 1,"
                f" got {self.window}, {self.low:g} and {self.high:g}"
            )


def flapping_rule(rule_id: str) -> str:
    """The rule under which the flapping of a rule's faults is a fault itself."""
    return rule_id + SUFFIX


def share_changed(ages: Iterable[int], window: int) -> float:
    """The weighted share of states that differ from the one before, as Nagios counts it.

    `ages` says how many states ago each change was, 0 the newest, all below `window` - 1. A change weighs
    from 0.8, the oldest, to 1.2, the newest.
    """
    oldest = window - 2
    step = (_NEWEST_WEIGHT - _OLDEST_WEIGHT) / oldest
    return sum(_NEWEST_WEIGHT - step * age for age in ages) / (window - 1)
