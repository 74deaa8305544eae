"""An incident as notification sees it: what is wrong where since when, and whether somebody cares already."""

from dataclasses import dataclass

from devices.description import Label
from rules.faults import Severity

__all__ = ["Incident", "Where", "is_worse", "rank"]

_WORST_FIRST = tuple(Severity)


@dataclass(frozen=True, kw_only=True)
class Where:
    """A place for people: street and ward, and WGS84 degrees where the registry has them."""

    street: str = ""
    area_name: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, kw_only=True)
class Incident:
    """Faults with one cause.

    `device` is that of the cause and `kind` its kind; `devices` is how many have faults. `number` is what
    people say on the phone. `why` explains it. Times are epoch ms; `cleared_at_ms` is None while it lasts.
    `revision` is the change that made it so. `is_hidden`: in maintenance, shelved or closed by hand.
    """

    id: str
    number: int
    title: Label
    why: Label
    severity: Severity
    area: str
    kind: str
    device: str
    devices: int
    since_ms: int
    revision: int
    cleared_at_ms: int | None = None
    acknowledged_by: str | None = None
    is_hidden: bool = False
    where: Where = Where()

    @property
    def is_open(self) -> bool:
        """Whether it still lasts."""
        return self.cleared_at_ms is None


def rank(severity: Severity) -> int:
    """0 for the worst, more for what is less bad."""
    return _WORST_FIRST.index(severity)


def is_worse(severity: Severity, than: Severity) -> bool:
    """Whether one severity is worse than another."""
    return rank(severity) < rank(than)
