"""When the programmes of an area play, as spans of time."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from devices.programmes import BroadcastProgramme

__all__ = ["Broadcast", "Broadcasts"]

_MS_PER_DAY = 86_400_000
_LOOK_AHEAD_DAYS = 7


class Broadcast(NamedTuple):
    """One playing of a programme: from `from_ms` (inside) to `to_ms` (outside), epoch ms."""

    from_ms: int
    to_ms: int
    programme: str


class Broadcasts:
    """The broadcasts of every area, worked out day by day."""

    def __init__(self, programmes: Iterable[BroadcastProgramme], zone: ZoneInfo) -> None:
        self._programmes = tuple(programmes)
        self._zone = zone
        self._of_day = lru_cache(maxsize=1024)(self._plan_day)

    def near(self, area: str, at_ms: int) -> Iterator[Broadcast]:
        """The broadcasts of an area on the local day of a moment and on the next, in no special order."""
        day = datetime.fromtimestamp(at_ms / 1000, self._zone).date()
        yield from self._of_day(area, day)
        yield from self._of_day(area, day + timedelta(days=1))

    def next_playing_ms(self, area: str, from_ms: int, lag_ms: int = 0, least_ms: int = 1) -> int | None:
        """The first moment at or after another at which a programme plays; None within a week.

        Both ends of a programme count only from `lag_ms` within it, and it has at least `least_ms` to go.
        """
        for day in range(_LOOK_AHEAD_DAYS):
            spans = self.near(area, from_ms + day * _MS_PER_DAY)
            starts = [(max(span.from_ms + lag_ms, from_ms), span.to_ms - lag_ms) for span in spans]
            long = [at_ms for at_ms, to_ms in starts if to_ms - at_ms >= least_ms]
            if long:
                return min(long)
        return None

    def next_silence_ms(self, area: str, from_ms: int) -> int:
        """The first moment at or after another at which no programme plays."""
        at_ms = from_ms
        for span in sorted(self.near(area, from_ms)):
            if span.from_ms <= at_ms < span.to_ms:
                at_ms = span.to_ms
        return at_ms

    def _plan_day(self, area: str, day: date) -> tuple[Broadcast, ...]:
        planned: list[Broadcast] = []
        for programme in self._programmes:
            begins = datetime.combine(day, programme.starts, self._zone)
            if programme.area == area and programme.is_on(begins.replace(tzinfo=None)):
                ends = datetime.combine(day, programme.ends, self._zone)
                planned.append(Broadcast(_ms(begins), _ms(ends), programme.id))
        return tuple(planned)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
