"""The page behind a link: what, where, since when and why, and two forms. No script, no account."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from notify.facts import map_url
from notify.incident import Incident
from notify.language import Language, in_language
from notify.rendering import environment_of, local_time
from notify.words import SEVERITIES, WORDS, duration_words
from store.operations.links import CrewAct, CrewActKind

__all__ = ["PageState", "content_security_policy", "expired_page", "incident_page"]

_TEMPLATES = environment_of()
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class PageState:
    """What the page shows: an incident, what was said of it, and how the last form ended."""

    incident: Incident
    acts: Sequence[CrewAct]
    form_token: str
    zone: str
    now_ms: int
    notice: str = ""

    def has(self, act: CrewActKind) -> bool:
        """Whether somebody said this of the incident as it now lasts."""
        return any(said.act is act and said.at_ms >= self.incident.since_ms for said in self.acts)


def incident_page(state: PageState, language: Language) -> str:
    """The page's HTML."""
    incident = state.incident
    until_ms = incident.cleared_at_ms if incident.cleared_at_ms is not None else state.now_ms
    return _TEMPLATES.get_template("incident.html.j2").render(
        state=state,
        incident=incident,
        language=language,
        title=in_language(incident.title, language),
        why=in_language(incident.why, language),
        severity=in_language(SEVERITIES[incident.severity], language),
        lasted=in_language(duration_words(until_ms - incident.since_ms), language),
        map=map_url(incident.where),
        acknowledged=incident.acknowledged_by is not None or state.has(CrewActKind.ACKNOWLEDGED),
        repaired=state.has(CrewActKind.REPAIRED),
        act_word={
            CrewActKind.ACKNOWLEDGED: in_language(WORDS["acknowledged"], language),
            CrewActKind.REPAIRED: in_language(WORDS["repaired_said"], language),
        },
        word=lambda name: in_language(WORDS[name], language),
        local=lambda at_ms: local_time(at_ms, state.zone),
    )


def expired_page() -> str:
    """What a link that opens nothing shows, in both languages: nobody knows who reads it."""
    return _TEMPLATES.get_template("expired.html.j2").render(text=WORDS["expired"])


@lru_cache
def content_security_policy() -> str:
    """What the pages may do: their own style, forms to us, and nothing else."""
    source = _TEMPLATES.get_template("style.html.j2").render()
    [style] = _STYLE.findall(source)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    )
