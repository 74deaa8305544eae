"""Who asks, and what they may do. A route that declares no scope here fails the tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.problems import Problem, ProblemKind
from api.services import Services
from store.operations.keys import ApiKey

__all__ = ["ROLE_SCOPES", "Caller", "Requires", "Role", "Scope", "needs"]


class Scope(StrEnum):
    """One thing that a caller may do."""

    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    TELEMETRY_READ = "telemetry:read"
    FAULTS_READ = "faults:read"
    FAULTS_ACKNOWLEDGE = "faults:acknowledge"
    FAULTS_WORK = "faults:work"
    FAULTS_MANAGE = "faults:manage"
    VIOLATIONS_READ = "violations:read"
    VIOLATIONS_REVIEW = "violations:review"
    PLATE_READ = "plate:read"
    STREAM_READ = "stream:read"
    DEAD_LETTERS_READ = "dead-letters:read"
    DEAD_LETTERS_REPLAY = "dead-letters:replay"
    STORE_BACKUP = "store:backup"
    RULES_RELOAD = "rules:reload"


class Role(StrEnum):
    """What a person or an integration is to the city."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    CREW = "crew"
    OFFICER = "officer"
    INTEGRATOR = "integrator"
    ADMIN = "admin"
    BACKUP = "backup"


_VIEW = frozenset({Scope.DEVICES_READ, Scope.TELEMETRY_READ, Scope.FAULTS_READ, Scope.STREAM_READ})

ROLE_SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.VIEWER: _VIEW,
    Role.OPERATOR: _VIEW
    | {
        Scope.DEVICES_WRITE,
        Scope.FAULTS_ACKNOWLEDGE,
        Scope.FAULTS_WORK,
        Scope.FAULTS_MANAGE,
        Scope.VIOLATIONS_READ,
    },
    Role.CREW: _VIEW | {Scope.FAULTS_ACKNOWLEDGE, Scope.FAULTS_WORK},
    Role.OFFICER: _VIEW | {Scope.VIOLATIONS_READ, Scope.VIOLATIONS_REVIEW, Scope.PLATE_READ},
    Role.INTEGRATOR: _VIEW | {Scope.VIOLATIONS_READ},
    # Whole plates and decisions are for officers alone: running the service is no purpose to read them for.
    # A backup holds them too: making one is a role of its own, which reads nothing else.
    Role.ADMIN: frozenset(Scope) - {Scope.PLATE_READ, Scope.VIOLATIONS_REVIEW, Scope.STORE_BACKUP},
    Role.BACKUP: frozenset({Scope.STORE_BACKUP}),
}
"""What each role may do at most. A key may narrow it, never widen it."""


@dataclass(frozen=True)
class Caller:
    """Who asks: the name of their key, and what they may do."""

    name: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether the caller may do this."""
        return scope in self.scopes


_BEARER = HTTPBearer(scheme_name="bearer", description="An API key: ioc_prefix.secret", auto_error=False)
_HEADER = APIKeyHeader(
    name="X-API-Key",
    scheme_name="key",
    description="The same key, for clients that cannot set Authorization",
    auto_error=False,
)


@dataclass(frozen=True)
class Requires:
    """The dependency that lets a caller with `scope` through.

    Raises:
        Problem: there is no valid key, or it may not do this.
    """

    scope: Scope

    def __call__(
        self,
        services: Services,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
        header: Annotated[str | None, Depends(_HEADER)],
    ) -> Caller:
        """The caller, if they may."""
        token = bearer.credentials if bearer is not None else header
        if token is None:
            raise _unauthenticated(
                "send an API key as Authorization: Bearer ioc_prefix.secret, or as X-API-Key"
            )
        key = services.operations.keys.authenticate(token, services.real_clock.now_ms())
        if key is None:
            raise _unauthenticated("the API key is unknown, expired or revoked")
        caller = _caller(key)
        if not caller.may(self.scope):
            raise Problem(ProblemKind.FORBIDDEN, f"the key {key.name!r} lacks the scope {self.scope.value!r}")
        return caller


def needs(scope: Scope) -> Any:
    """Declares, in a route, what a caller must be allowed to do; gives the `Caller`."""
    return Security(Requires(scope), scopes=[scope.value])


def _caller(key: ApiKey) -> Caller:
    # A key whose role this version does not know opens nothing.
    allowed = ROLE_SCOPES[Role(key.role)] if key.role in set(Role) else frozenset()
    return Caller(key.name, frozenset(s for s in allowed if not key.scopes or s.value in key.scopes))


def _unauthenticated(detail: str) -> Problem:
    return Problem(ProblemKind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": "Bearer"})
