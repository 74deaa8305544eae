"""The figures of reports, each formula once. Pure; times are epoch ms; what came after the period is unknown.

- *opened*: incidents opened in the period. *cleared*: ended in it. *open*: still open at its end.
- *MTTA*, mean time to acknowledge: over incidents opened in the period and acknowledged before its end, from
  opening to acknowledgement; one before the opening (the cause was known) counts as zero. It says nothing of
  those that nobody acknowledged: their number stands beside it.
- *MTTR*, mean time to restoration (the term of IEC 60050-192): over incidents that ended in the period, from
  opening to the end that telemetry showed. A repair that somebody reports ends nothing.
- *repeat devices*: devices at the head of two or more incidents opened in the period, most first.
- *platform*: incidents of the collector's kind or of the centre itself, that is of our own blindness.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from devices.description import Label
from store.operations.report_rows import ReportedIncident

__all__ = ["AGES", "Figures", "Period", "figures_of"]

_HOUR_MS = 3_600_000
_PLATFORM_KINDS = frozenset({"collector"})
_PLATFORM_AREA = "ioc"
_MOST_REPEATS = 10

AGES: tuple[tuple[int, Label], ...] = (
    (_HOUR_MS, Label(vi="dưới 1 giờ", en="under 1 h")),
    (4 * _HOUR_MS, Label(vi="1 đến 4 giờ", en="1 to 4 h")),
    (24 * _HOUR_MS, Label(vi="4 đến 24 giờ", en="4 to 24 h")),
    (7 * 24 * _HOUR_MS, Label(vi="1 đến 7 ngày", en="1 to 7 days")),
    (2**62, Label(vi="trên 7 ngày", en="over 7 days")),
)
"""Ages of open incidents: each is below its limit (ms) and not below the one before."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """What a report is about: [from, to) in epoch ms."""

    from_ms: int
    to_ms: int

    def __post_init__(self) -> None:
        """Refuse a period without a moment in it."""
        if self.to_ms <= self.from_ms:
            raise ValueError(f"a period ends after it begins, got {self.from_ms} to {self.to_ms}")

    def has(self, at_ms: int | None) -> bool:
        """Whether a moment lies in it."""
        return at_ms is not None and self.from_ms <= at_ms < self.to_ms


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The figures of a period. Means are ms, None where there is nothing to average.

    `open_by` counts open incidents by crew ("" is nobody's) and place in `AGES`.
    """

    period: Period
    opened: int
    cleared: int
    open: int
    unacknowledged: int
    mtta_ms: float | None
    mttr_ms: float | None
    open_by: Mapping[tuple[str, int], int]
    repeats: Sequence[tuple[str, int]]
    platform: Sequence[ReportedIncident]
    still_open: Sequence[ReportedIncident]

    @property
    def crews(self) -> list[str]:
        """Crews with open incidents; nobody last."""
        return sorted({crew for crew, _ in self.open_by}, key=lambda crew: (crew == "", crew))


def figures_of(incidents: Iterable[ReportedIncident], period: Period) -> Figures:
    """The figures of the incidents that were open at some moment of a period."""
    known = [i for i in incidents if i.opened_at_ms < period.to_ms]
    opened = [i for i in known if period.has(i.opened_at_ms)]
    cleared = [i for i in known if period.has(i.cleared_at_ms)]
    still_open = [i for i in known if i.cleared_at_ms is None or i.cleared_at_ms >= period.to_ms]
    heads = Counter(i.device for i in opened)
    repeats = [(device, count) for device, count in heads.most_common() if count > 1]
    return Figures(
        period=period,
        opened=len(opened),
        cleared=len(cleared),
        open=len(still_open),
        unacknowledged=sum(not _is_acknowledged(i, period) for i in opened),
        mtta_ms=_mean(
            max((i.acknowledged_at_ms or 0) - i.opened_at_ms, 0)
            for i in opened
            if _is_acknowledged(i, period)
        ),
        mttr_ms=_mean((i.cleared_at_ms or 0) - i.opened_at_ms for i in cleared),
        open_by=Counter((i.crew or "", _age(period.to_ms - i.opened_at_ms)) for i in still_open),
        repeats=sorted(repeats, key=lambda r: (-r[1], r[0]))[:_MOST_REPEATS],
        platform=[i for i in known if i.kind in _PLATFORM_KINDS or i.area == _PLATFORM_AREA],
        still_open=sorted(still_open, key=lambda i: i.opened_at_ms),
    )


def _is_acknowledged(incident: ReportedIncident, period: Period) -> bool:
    return incident.acknowledged_at_ms is not None and incident.acknowledged_at_ms < period.to_ms


def _age(age_ms: int) -> int:
    return next(place for place, (limit_ms, _) in enumerate(AGES) if age_ms < limit_ms)


def _mean(values: Iterable[int]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None
