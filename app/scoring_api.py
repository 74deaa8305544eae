"""What a running service says that it raised, asked over its API."""

from datetime import datetime
from typing import Any, Generic, TypeVar

import httpx
import msgspec
from msgspec import Struct

from app.errors import StartError
from devices.batch import to_ms
from reports.score.raised import RaisedFault, Reports, SuspectedViolation, reason_in
from rules.management.standing import Hold

__all__ = ["ApiReports"]

_TIMEOUT_S = 30.0
_T = TypeVar("_T")


class _Rule(Struct, frozen=True):
    id: str


class _Device(Struct, frozen=True):
    id: str
    kind: str


class _Management(Struct, frozen=True):
    hold: str
    incident: str | None = None


class _Fault(Struct, frozen=True):
    id: str
    rule: _Rule
    device: _Device
    since: datetime
    raised_at: datetime
    detected_at: datetime
    cleared_at: datetime | None
    management: _Management | None = None


class _Violation(Struct, frozen=True):
    id: str
    rule: _Rule
    device: _Device
    occurred_at: datetime
    detected_at: datetime


class _Page(Struct, Generic[_T], frozen=True):
    items: list[_T]
    next: str | None


class _Why(Struct, frozen=True):
    why: dict[str, Any]


class ApiReports:
    """The reports of the service at an address, read `page` by page; close it when done.

    Methods raise `StartError` when it does not answer, or not as this version does.
    """

    def __init__(
        self, url: str, key: str, *, page: int = 1_000, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._page = str(page)
        headers = {"Authorization": f"Bearer {key}"}
        self._client = httpx.Client(
            base_url=self.url, headers=headers, timeout=_TIMEOUT_S, transport=transport
        )

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def all(self) -> Reports:
        """Every fault and suspected violation there ever was."""
        return Reports(
            faults=tuple(map(_fault, self._every("/v1/faults", _Page[_Fault]))),
            violations=tuple(map(_violation, self._every("/v1/violations", _Page[_Violation]))),
            base_url=self.url,
        )

    def why(self, fault: str) -> str:
        """The expression that raised a fault, with its values; empty for what is no fault."""
        answer = self._get(f"/v1/faults/{fault}/why", {})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return ""
        return reason_in(self._read(answer, _Why).why)

    def _every(self, path: str, form: type[_Page[_T]]) -> list[_T]:
        items: list[_T] = []
        asked = {"limit": self._page}
        while True:
            page = self._read(self._get(path, asked), form)
            items += page.items
            if page.next is None:
                return items
            asked["cursor"] = page.next

    def _get(self, path: str, asked: dict[str, str]) -> httpx.Response:
        try:
            return self._client.get(path, params=asked)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StartError(f"--api: {self.url} does not answer ({error})") from error

    def _read(self, answer: httpx.Response, form: type[_T]) -> _T:
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise StartError(f"--key: {self.url} does not let this key read ({answer.status_code})")
        try:
            return msgspec.json.decode(answer.raise_for_status().content, type=form)
        except (httpx.HTTPStatusError, msgspec.DecodeError) as error:
            raise StartError(f"--api: {self.url} answers otherwise than expected ({error})") from error


def _fault(item: _Fault) -> RaisedFault:
    return RaisedFault(
        id=item.id,
        rule=item.rule.id,
        device=item.device.id,
        kind=item.device.kind,
        since_ms=to_ms(item.since) or 0,
        raised_at_ms=to_ms(item.raised_at) or 0,
        detected_at_ms=to_ms(item.detected_at) or 0,
        cleared_at_ms=to_ms(item.cleared_at),
        suppressed=item.management is not None and item.management.hold != Hold.FREE,
        incident=(item.management.incident or "") if item.management is not None else "",
    )


def _violation(item: _Violation) -> SuspectedViolation:
    return SuspectedViolation(
        id=item.id,
        rule=item.rule.id,
        device=item.device.id,
        kind=item.device.kind,
        occurred_at_ms=to_ms(item.occurred_at) or 0,
        detected_at_ms=to_ms(item.detected_at) or 0,
    )
