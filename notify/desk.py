"""What crews do through their links: see one incident, acknowledge it, report its repair."""

from dataclasses import dataclass
from typing import Protocol

from devices.clock import Clock
from notify.errors import LinkRefusedError
from notify.incident import Incident
from notify.language import Language
from notify.links import LinkKey
from notify.page import PageState
from store.operations.links import CrewAct, CrewActKind, LinkRecord, LinkRepository

__all__ = ["CrewDesk", "CrewIncidents", "Visit"]

LONGEST_NOTE = 500


class CrewIncidents(Protocol):
    """Incidents as crews reach them."""

    def find(self, incident: str) -> Incident | None:
        """The incident as it is now, or None."""
        ...

    def said(self, act: CrewAct) -> None:
        """Do to the incident's faults what a crew said."""
        ...


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A link that opened: whose it is, its incident, and the language it was written in."""

    link: LinkRecord
    token: str
    incident: Incident

    @property
    def language(self) -> Language:
        """The language of who was sent it."""
        return Language(self.link.language)


class CrewDesk:
    """Opens links, and keeps what is said through them.

    A link opens its incident's page until its time is over (real time), or `closed_ms` after the incident
    ended (the service's time).
    """

    def __init__(  # noqa: PLR0913 - each is a port of its own
        self,
        links: LinkRepository,
        incidents: CrewIncidents,
        key: LinkKey,
        *,
        zone: str,
        closed_ms: int,
        clock: Clock,
        real_clock: Clock,
    ) -> None:
        self._links = links
        self._incidents = incidents
        self._key = key
        self._zone = zone
        self._closed_ms = closed_ms
        self._clock = clock
        self._real_clock = real_clock

    def open(self, token: str) -> Visit:
        """What a link leads to.

        Raises:
            LinkRefusedError: it leads nowhere, or no longer.
            OperationsUnavailableError: the database does not answer.
        """
        link = self._links.find(self._key.check(token, self._real_clock.now_ms()))
        incident = self._incidents.find(link.incident) if link is not None else None
        if link is None or incident is None:
            raise LinkRefusedError("the link was never sent, or its incident is gone")
        ended_ms = incident.cleared_at_ms
        if ended_ms is not None and self._clock.now_ms() >= ended_ms + self._closed_ms:
            raise LinkRefusedError("the incident ended too long ago")
        return Visit(link=link, token=token, incident=incident)

    def state(self, visit: Visit, notice: str = "") -> PageState:
        """What the page of a visit shows."""
        return PageState(
            incident=visit.incident,
            acts=self._links.acts(visit.incident.id),
            form_token=self._key.form_token(visit.token),
            zone=self._zone,
            now_ms=self._clock.now_ms(),
            notice=notice,
        )

    def say(self, visit: Visit, form_token: str, kind: CrewActKind, note: str) -> None:
        """Keep what a crew says, and do it to the incident; saying the same again changes nothing.

        Raises:
            LinkRefusedError: the form is not one of the link's page.
            OperationsUnavailableError: the database does not answer.
        """
        if not self._key.is_form_token(visit.token, form_token):
            raise LinkRefusedError("the form did not come from the link's page")
        act = CrewAct(
            incident=visit.incident.id,
            who=visit.link.who,
            act=kind,
            note=" ".join(note.split())[:LONGEST_NOTE],
            at_ms=self._clock.now_ms(),
        )
        if not visit.incident.is_open or self._is_known(act, visit.incident):
            return
        self._incidents.said(act)
        self._links.add(act)

    def _is_known(self, act: CrewAct, incident: Incident) -> bool:
        return any(
            (said.who, said.act) == (act.who, act.act) and said.at_ms >= incident.since_ms
            for said in self._links.acts(act.incident)
        )
