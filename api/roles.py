"""Roles, and what each may do at most."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from store.operations.reach import EVERYWHERE, Reach

__all__ = ["ROLE_SCOPES", "Caller", "Role", "Scope", "scopes_of"]


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
    KEYS_MANAGE = "keys:manage"
    AUDIT_READ = "audit:read"


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
    """Who asks: their name, what they may do, and to devices of which areas and kinds."""

    name: str
    scopes: frozenset[Scope]
    reach: Reach = EVERYWHERE

    def may(self, scope: Scope) -> bool:
        """Whether the caller may do this."""
        return scope in self.scopes

    def sees(self, area: str, kind: str) -> bool:
        """Whether a device of that kind in that area is within the caller's reach."""
        return self.reach.covers(area, kind)


def scopes_of(roles: Iterable[str]) -> frozenset[Scope]:
    """What roles may do together; one that this version does not know opens nothing."""
    known = set(Role)
    allowed = [ROLE_SCOPES[Role(role)] for role in roles if role in known]
    return frozenset[Scope]().union(*allowed)
