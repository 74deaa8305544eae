"""Facts made into what people read: short enough for a phone, with a link for each incident."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from notify.channels import Message
from notify.facts import Facts, Item, map_url
from notify.language import in_language
from notify.words import REASONS, SEVERITIES, WORDS

__all__ = ["environment_of", "local_time", "render"]

Link = Callable[[Item], str | None]


def environment_of() -> Environment:
    """The templates of this package; HTML is escaped, plain text is not."""
    return Environment(
        loader=PackageLoader("notify"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_TEMPLATES = environment_of()


def local_time(at_ms: int, zone: str) -> str:
    """A moment as people of the city write it: `17:05 24/11/2026`."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone)):%H:%M %d/%m/%Y}"


def render(key: str, facts: Facts, link: Link) -> Message:
    """The message; `link` gives the address of an incident's page, or None where there is none."""
    if facts.text:
        return Message(
            key=key, title=facts.title, text=facts.text, html=facts.html or None, data=_report(facts)
        )
    values = {
        "facts": facts,
        "key": key,
        "items": [(item, map_url(item.where), link(item)) for item in facts.items],
        "word": lambda name: in_language(WORDS[name], facts.language),
        "reason": in_language(REASONS[facts.reason], facts.language),
        "severity": lambda item: in_language(SEVERITIES[item.severity], facts.language),
        "local": lambda at_ms: local_time(at_ms, facts.zone),
    }
    return Message(
        key=key,
        title=_title(facts),
        text=_TEMPLATES.get_template("message.txt.j2").render(values).strip(),
        html=_TEMPLATES.get_template("message.html.j2").render(values),
        data=_data(facts, link),
    )


def _title(facts: Facts) -> str:
    reason = in_language(REASONS[facts.reason], facts.language)
    if not facts.items:
        return f"[IOC] {reason}"
    first, others = facts.items[0], len(facts.items) + facts.more - 1
    place = first.where.area_name or first.area
    more = f" (+{others})" if others else ""
    return f"[IOC] {reason}: {first.title}, {place}{more}"


def _report(facts: Facts) -> dict[str, Any]:
    return {"type": "report", "reason": facts.reason, "language": facts.language}


def _data(facts: Facts, link: Link) -> dict[str, Any]:
    """The same for machines; the key of a link is not in it, its address is."""
    items = [
        {
            name: value
            for name, value in msgspec.to_builtins(item).items()
            if name not in {"seed", "expires_s"}
        }
        | {"url": link(item), "map": map_url(item.where)}
        for item in facts.items
    ]
    return {
        "type": "incidents",
        "reason": facts.reason,
        "level": facts.level,
        "language": facts.language,
        "written_at_ms": facts.written_at_ms,
        "incidents": items,
        "more": facts.more,
    }
