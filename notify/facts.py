"""What a notification says, as plain data: written with the decision, made into text when it is sent."""

from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from notify.grouping import Reason
from notify.incident import Incident, Where
from notify.language import Language, in_language
from rules.faults import Severity

__all__ = ["Facts", "Item", "facts_of", "map_url", "read_facts"]

_MOST_ITEMS = 10


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One incident of a notification, in its reader's language. `seed` and `expires_s` make its link."""

    incident: str
    number: int
    title: str
    why: str
    severity: Severity
    device: str
    kind: str
    area: str
    devices: int
    since_ms: int
    cleared_at_ms: int | None
    where: Where
    seed: str = ""
    expires_s: int = 0


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A notification's content. `more` counts incidents left out; `title`, `text`, `html` are a report's."""

    language: Language
    reason: Reason
    zone: str
    written_at_ms: int
    level: int = 0
    items: tuple[Item, ...] = ()
    more: int = 0
    title: str = ""
    text: str = ""
    html: str = ""


def facts_of(  # noqa: PLR0913 - each is a part of what is said
    incidents: Sequence[Incident],
    *,
    reason: Reason,
    language: Language,
    zone: ZoneInfo,
    at_ms: int,
    level: int,
    link: Callable[[Incident], tuple[str, int]],
) -> Facts:
    """The facts of some incidents, worst first; `link` gives seed and end (epoch s) of each one's link."""
    worst_first = sorted(
        incidents, key=lambda i: (not i.is_open, tuple(Severity).index(i.severity), i.number)
    )
    items = tuple(_item(incident, language, *link(incident)) for incident in worst_first[:_MOST_ITEMS])
    return Facts(
        language=language,
        reason=reason,
        zone=zone.key,
        written_at_ms=at_ms,
        level=level,
        items=items,
        more=len(worst_first) - len(items),
    )


def read_facts(stored: Any) -> Facts:
    """The facts in a row of the outbox, also of an older version of this program."""
    return msgspec.convert(stored, Facts)


def map_url(where: Where) -> str | None:
    """A link that opens the phone's map at a place; None where the registry has no coordinates."""
    if where.latitude is None or where.longitude is None:
        return None
    place = f"{where.latitude:.6f},{where.longitude:.6f}"
    return f"https://www.google.com/maps/search/?api=1&query={place}"


def _item(incident: Incident, language: Language, seed: str, expires_s: int) -> Item:
    return Item(
        incident=incident.id,
        number=incident.number,
        title=in_language(incident.title, language),
        why=in_language(incident.why, language),
        severity=incident.severity,
        device=incident.device,
        kind=incident.kind,
        area=incident.area,
        devices=incident.devices,
        since_ms=incident.since_ms,
        cleared_at_ms=incident.cleared_at_ms,
        where=incident.where,
        seed=seed,
        expires_s=expires_s,
    )
