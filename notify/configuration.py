"""The file of channels and routes (TOML): read, checked as a whole, made into routes. Nothing is connected.

Secrets do not stand in it: a channel names the file that holds its address or its key, relative to this file.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from devices.catalogue import PASSIVE_KINDS, kinds
from devices.clock import Clock
from devices.durations import parse_duration_ms
from notify.apprise_channel import AppriseChannel, is_understood
from notify.channels import Channel
from notify.errors import NotifyConfigError
from notify.language import Language
from notify.routes import Duty, Escalation, Label, Route, Timing
from notify.webhook_channel import WebhookChannel
from rules.faults import Severity

__all__ = ["NotifyPlan", "read_plan"]

_SHORTEST_SECRET_BYTES = 24


def _milliseconds(value: Any) -> Any:
    return parse_duration_ms(value) if isinstance(value, str) else value


Duration = Annotated[int, BeforeValidator(_milliseconds), Field(ge=0)]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _AppriseEntry(_Entry):
    kind: Literal["apprise"]
    url_file: Path


class _WebhookEntry(_Entry):
    kind: Literal["webhook"]
    url: str = Field(pattern=r"^https?://[^\s]+$")
    secret_file: Path
    timeout_s: float = Field(default=10.0, gt=0, le=60)


class _EscalationEntry(_Entry):
    after: Duration
    channels: list[_Name] = Field(min_length=1)


class _RouteEntry(_Entry):
    id: _Name
    channels: list[_Name] = Field(min_length=1)
    areas: list[str] = []
    kinds: list[str] = []
    severity: Severity = Severity.WARNING
    crew: str | None = None
    duty: Duty = Duty.ANY
    shifts: list[str] = []
    language: Language = Language.VI
    group_by: list[Label] = [Label.AREA]
    wait: Duration = 60_000
    interval: Duration = 600_000
    repeat: Duration = 43_200_000
    escalate: list[_EscalationEntry] = []
    fallback: bool = False
    was: list[_Name] = []


class _ReportEntry(_Entry):
    channels: list[_Name] = []
    language: Language = Language.VI


class _File(_Entry):
    channels: dict[_Name, Annotated[_AppriseEntry | _WebhookEntry, Field(discriminator="kind")]]
    routes: list[_RouteEntry] = Field(min_length=1)
    reports: _ReportEntry = _ReportEntry()


@dataclass(frozen=True, kw_only=True)
class NotifyPlan:
    """Channels by id, and routes in the order of the file. Digests and reports go to `report_channels`."""

    channels: Mapping[str, Channel]
    routes: Sequence[Route]
    report_channels: tuple[str, ...] = ()
    report_language: Language = Language.VI

    def route(self, id_: str) -> Route | None:
        """The route of that id, or None."""
        return next((route for route in self.routes if route.id == id_), None)

    def heir(self, id_: str) -> Route | None:
        """The route that had that id before, or None."""
        return next((route for route in self.routes if id_ in route.was), None)


def read_plan(file: Path, real_clock: Clock) -> NotifyPlan:
    """The plan in a file.

    Raises:
        NotifyConfigError: it cannot be read, or breaks rules; every problem is named with its key.
    """
    written = _parsed(file)
    problems = list(_problems(written))
    channels: dict[str, Channel] = {}
    for name, entry in written.channels.items():
        try:
            channels[name] = _channel(name, entry, file.parent, real_clock)
        except NotifyConfigError as error:
            problems.append(str(error))
    if problems:
        raise NotifyConfigError(f"{file}: {'; '.join(problems)}")
    return NotifyPlan(
        channels=channels,
        routes=[_route(entry) for entry in written.routes],
        report_channels=tuple(written.reports.channels),
        report_language=written.reports.language,
    )


def _parsed(file: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise NotifyConfigError(f"{str(file)!r} cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NotifyConfigError(f"{file} is no TOML: {error}") from error
    except ValidationError as error:
        found = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}, got {e['input']!r}" for e in error.errors())
        raise NotifyConfigError(f"{file}: {'; '.join(found)}") from None


def _problems(written: _File) -> Iterator[str]:
    known = {*kinds(), *PASSIVE_KINDS}
    ids = [route.id for route in written.routes]
    yield from (f"route id {id_!r} is there twice" for id_ in sorted({i for i in ids if ids.count(i) > 1}))
    before = [id_ for route in written.routes for id_ in route.was]
    yield from (
        f"was: {id_!r} is still a route, or was two; a route takes over from one that is no more"
        for id_ in sorted({i for i in before if i in ids or before.count(i) > 1})
    )
    for route in written.routes:
        where = f"route {route.id!r}"
        yield from (
            f"{where}: kinds are of {', '.join(sorted(known))}, got {k!r}"
            for k in route.kinds
            if k not in known
        )
        named = [*route.channels, *(name for step in route.escalate for name in step.channels)]
        yield from _unknown_channels(where, named, written)
        afters = [step.after for step in route.escalate]
        if afters != sorted(set(afters)):
            yield f"{where}: steps of escalation come one after the other, got {afters} ms"
        if route.repeat < route.interval:
            yield f"{where}: repeat must not be shorter than interval, got {route.repeat} ms"
        if route.shifts and route.duty is Duty.ANY:
            yield f"{where}: shifts say something only with duty on or off"
    yield from _unknown_channels("reports", written.reports.channels, written)


def _unknown_channels(where: str, named: Sequence[str], written: _File) -> Iterator[str]:
    yield from (f"{where}: there is no channel {name!r}" for name in named if name not in written.channels)


def _route(entry: _RouteEntry) -> Route:
    return Route(
        id=entry.id,
        channels=tuple(entry.channels),
        areas=frozenset(entry.areas),
        kinds=frozenset(entry.kinds),
        severity=entry.severity,
        crew=entry.crew,
        duty=entry.duty,
        shifts=frozenset(entry.shifts),
        language=entry.language,
        group_by=tuple(entry.group_by),
        timing=Timing(
            wait_ms=entry.wait,
            interval_ms=entry.interval,
            repeat_ms=entry.repeat,
            escalations=tuple(
                Escalation(after_ms=step.after, channels=tuple(step.channels)) for step in entry.escalate
            ),
        ),
        fallback=entry.fallback,
        was=tuple(entry.was),
    )


def _channel(name: str, entry: _AppriseEntry | _WebhookEntry, folder: Path, clock: Clock) -> Channel:
    if isinstance(entry, _AppriseEntry):
        url = _secret(name, "url_file", folder / entry.url_file)
        if not is_understood(url):
            raise NotifyConfigError(
                f"channel {name!r}: apprise does not understand the address in its url_file"
            )
        return AppriseChannel(name, url)
    secret = _secret(name, "secret_file", folder / entry.secret_file).encode()
    if len(secret) < _SHORTEST_SECRET_BYTES:
        raise NotifyConfigError(
            f"channel {name!r}: the secret in its secret_file has {len(secret)} bytes; make one of at least"
            f" {_SHORTEST_SECRET_BYTES} with: openssl rand -hex 32"
        )
    return WebhookChannel(name, entry.url, secret, timeout_s=entry.timeout_s, real_clock=clock)


def _secret(name: str, key: str, file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotifyConfigError(f"channel {name!r}: {key} {str(file)!r} cannot be read ({error})") from error
    if not text:
        raise NotifyConfigError(f"channel {name!r}: {key} {str(file)!r} is empty")
    return text
