"""How long history is kept, by resolution and kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from devices.catalogue import kinds
from store.resolutions import Resolution
from store.rollups.port import RollupStore

__all__ = ["Retention", "expired"]

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

    def dropped_before_ms(self, resolution: Resolution, owner: str, now_ms: int) -> int:
        """What ended before this moment may be dropped; always the beginning of a day in UTC."""
        days = self.kept_days(resolution, owner)
        return (now_ms // _DAY_MS - days) * _DAY_MS if days else 0


def expired(store: RollupStore, retention: Retention, now_ms: int) -> int:
    """Drop what is kept long enough; how many periods there were."""
    done = store.expire(Resolution.RAW, _EVENTS, retention.dropped_before_ms(Resolution.RAW, _EVENTS, now_ms))
    for kind in kinds():
        for resolution in Resolution:
            done += store.expire(resolution, kind, retention.dropped_before_ms(resolution, kind, now_ms))
    return done
