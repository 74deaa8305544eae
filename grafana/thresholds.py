"""From which value on a panel is yellow or red, and what savings are measured against: in this one place.

They colour panels and wake alert rules about the platform. What is wrong with a device is decided by rules in
`rules/catalogue/`, never by a colour.
"""

from grafana.spec import Step

__all__ = [
    "BASELINE_LAMP_W", "BLOCKED_FOR", "JOURNAL_FILL_PCT", "JOURNAL_WARN_PCT", "LAG_S", "NO_DATA_FOR", "PLAIN",
    "few_is_good", "many_is_good",
]  # fmt: skip

PLAIN = (Step(None, "blue"),)
JOURNAL_WARN_PCT = 50.0
JOURNAL_FILL_PCT = 80.0
LAG_S = 60.0
NO_DATA_FOR = "5m"
BLOCKED_FOR = "2m"
BASELINE_LAMP_W = 150
"""W a lamp before renewal, an assumption (a usual sodium lamp) that the board lets everyone change."""


def few_is_good(warn: float, bad: float) -> tuple[Step, ...]:
    """Green below `warn`, yellow below `bad`, red from there on."""
    return (Step(None, "green"), Step(warn, "yellow"), Step(bad, "red"))


def many_is_good(bad: float, warn: float) -> tuple[Step, ...]:
    """Red below `bad`, yellow below `warn`, green from there on."""
    return (Step(None, "red"), Step(bad, "yellow"), Step(warn, "green"))
