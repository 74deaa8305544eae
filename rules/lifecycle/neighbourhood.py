"""What surrounds faults at a moment: maintenance, standing shelvings, others like them, the city's waits."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from devices.device import Device
from devices.entities.maintenance_windows import MaintenanceWindow
from devices.registry import Registry
from rules.lifecycle.due import Shelf, Surroundings
from rules.lifecycle.escalation import Escalation, Group, escalated
from rules.lifecycle.item import WorkItem
from rules.lifecycle.policy import Policy

__all__ = ["Neighbourhood", "Place"]

_Alike = tuple[str, Group, str]


class Place:
    """What of the city the life of faults depends on; made anew when one of them changes."""

    def __init__(
        self,
        registry: Registry,
        windows: Sequence[MaintenanceWindow],
        escalations: Mapping[str, Sequence[Escalation]],
        policy: Policy,
        zone: ZoneInfo,
    ) -> None:  # fmt: skip
        self.registry = registry
        self.escalations = escalations
        self.policy = policy
        self._windows = windows
        self._zone = zone

    def windows_on(self, now_ms: int) -> list[tuple[datetime, MaintenanceWindow]]:
        """The maintenance windows that are on at a moment, with their ends, the latest first."""
        now = _moment(now_ms)
        on = [(end, one) for one in self._windows if (end := one.until(now, self._zone)) is not None]
        return sorted(on, key=lambda pair: (pair[0], pair[1].id), reverse=True)

    def was_on(self, window: MaintenanceWindow, end: datetime, at_ms: int) -> bool:
        """Whether the work that ends then was on at an earlier moment already."""
        return window.until(_moment(at_ms), self._zone) == end


class Neighbourhood:
    """The surroundings of each of some faults at one moment; `items` are all that may matter to another."""

    def __init__(self, place: Place, items: Iterable[WorkItem], now_ms: int) -> None:
        self._place = place
        self._now_ms = now_ms
        self._windows = place.windows_on(now_ms)
        self._shelves: dict[tuple[str, str], Shelf] = {}
        self._active: set[tuple[str, str]] = set()
        alike: Counter[_Alike] = Counter()
        for item in items:
            self._note_shelf(item)
            if item.is_active:
                self._active.add((item.rule, item.device))
            if self._counts_for_others(item):
                alike.update((item.rule, group, word) for group, word in self._groups(item).items())
        self._alike = alike

    def around(self, item: WorkItem) -> Surroundings:
        """What surrounds a fault."""
        place, policy = self._place, self._place.policy
        return Surroundings(
            now_ms=self._now_ms,
            verify_within_ms=policy.verify_within.of(item.kind),
            close_grace_ms=policy.close_grace.of(item.kind),
            opened_in=self._opened_in(item),
            shelf=self._shelves.get((item.rule, item.device)),
            has_returned=not item.is_active and (item.rule, item.device) in self._active,
            escalated=escalated(
                place.escalations.get(item.rule, ()), self._now_ms - item.raised_at_ms, self._counts(item)
            ),
        )

    def _counts_for_others(self, item: WorkItem) -> bool:
        """Whether a fault makes others like it worse: what is closed, or happens in maintenance, does not."""
        if not item.is_active or item.work.is_closed or item.rule not in self._place.escalations:
            return False
        return self._opened_in(item) is None

    def _opened_in(self, item: WorkItem) -> str | None:
        """The maintenance window in which a fault was raised, if that work still goes on.

        Of several the one that ends last. Only what is on now can be that work, and mostly nothing is.
        """
        device = self._place.registry.get(item.device) if self._windows else None
        if device is None:
            return None
        return next(
            (
                window.id
                for end, window in self._windows
                if window.covers(device) and self._place.was_on(window, end, item.raised_at_ms)
            ),
            None,
        )

    def _note_shelf(self, item: WorkItem) -> None:
        """Remember a timed shelving that outlives the fault it was made for."""
        work, key = item.work, (item.rule, item.device)
        until_ms = work.shelved_until_ms
        if until_ms is None or work.shelved_once or item.is_active or until_ms <= self._now_ms:
            return
        if key not in self._shelves or self._shelves[key].until_ms < until_ms:
            by, at_ms = work.shelved_by or "", work.shelved_at_ms or 0
            self._shelves[key] = Shelf(by=by, at_ms=at_ms, until_ms=until_ms)

    def _counts(self, item: WorkItem) -> Mapping[Group, int]:
        if item.rule not in self._place.escalations:
            return {}
        return {group: self._alike[item.rule, group, word] for group, word in self._groups(item).items()}

    def _groups(self, item: WorkItem) -> Mapping[Group, str]:
        """What a fault's device may have in common with others; of rules that ask for it only."""
        device = self._place.registry.get(item.device)
        if device is None or item.rule not in self._place.escalations:
            return {}
        return {group: word for group, word in _words(device) if word}


def _words(device: Device) -> Iterable[tuple[Group, str]]:
    yield Group.CABINET, device.powered_by.parent if device.powered_by is not None else ""
    yield Group.UPLINK, device.uplink or ""
    yield Group.STREET, device.street
    yield Group.AREA, device.area


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
