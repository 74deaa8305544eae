"""How long history is kept, by resolution and kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from devices.catalogue import kinds
from store.resolutions import ROLLUPS, Resolution
from store.rollups.port import RollupStore

__all__ = ["KEPT_FOR_GOOD", "Retention", "expired"]

_DAY_MS = 86_400_000
_EVENTS = "events"
_DEFAULT_DAYS = {Resolution.RAW: 30, Resolution.MINUTE: 365, Resolution.HOUR: 3_650}


@dataclass(frozen=True)
class Retention:
    """Days that each resolution is kept, and for some kinds others. 0 is for good."""

    days: Mapping[Resolution, int] = field(default_factory=lambda: dict(_DEFAULT_DAYS))
    of_kinds: Mapping[str, Mapping[Resolution, int]] = field(default_factory=dict)

    def kept_days(self, resolution: Resolution, owner: str) -> int:
        """Days that a kind's rows of a resolution are kept; events like readings."""
        return self.of_kinds.get(owner, {}).get(resolution, self.days[resolution])

    def longest_days(self, resolution: Resolution) -> int:
        """Days after which nobody's rows of a resolution are kept; 0 where somebody's are for good."""
        kept = [self.days[resolution], *self.days_of_kinds(resolution).values()]
        return 0 if 0 in kept else max(kept)

    def days_of_kinds(self, resolution: Resolution) -> dict[str, int]:
        """Those kinds that are kept otherwise than most, with their days."""
        return {kind: days[resolution] for kind, days in self.of_kinds.items() if resolution in days}

    def dropped_before_ms(self, resolution: Resolution, owner: str, now_ms: int) -> int:
        """What ended before this moment may be dropped, the beginning of a day in UTC; 0 is nothing."""
        days = self.kept_days(resolution, owner)
        return (now_ms // _DAY_MS - days) * _DAY_MS if days else 0


KEPT_FOR_GOOD = Retention(dict.fromkeys(Resolution, 0))
"""Nothing is dropped."""


def expired(store: RollupStore, retention: Retention, now_ms: int) -> int:
    """Drop what is kept long enough and summed up; how many periods there were."""
    done = store.expire(Resolution.RAW, _EVENTS, retention.dropped_before_ms(Resolution.RAW, _EVENTS, now_ms))
    for kind in kinds():
        for resolution in Resolution:
            before_ms = retention.dropped_before_ms(resolution, kind, now_ms)
            done += store.expire(resolution, kind, _summed_before_ms(store, resolution, kind, before_ms))
    return done


def _summed_before_ms(store: RollupStore, resolution: Resolution, kind: str, before_ms: int) -> int:
    """As much of what may be dropped as is summed up: after a long outage it is not at once."""
    for coarser in ROLLUPS:
        waiting = store.pending(coarser, kind, 0, before_ms) if coarser.finer is resolution else ()
        if waiting:
            return waiting[0].start_ms
    return before_ms
