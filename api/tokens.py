"""Bearer tokens of an OIDC issuer: who sent one, by its signature and its claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt

from api.key_set import KeySet, KeySetUnavailableError
from api.roles import Caller, scopes_of
from devices.clock import Clock
from store.operations.reach import Reach

__all__ = ["ALGORITHMS", "OidcSettings", "TokenRefusedError", "TokenVerifier"]

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Signatures that only the issuer can make: no shared secrets, and never none."""
_LONGEST_TOKEN = 16_384
_REQUIRED = ["exp", "iss", "aud"]


class TokenRefusedError(Exception):
    """A token that opens nothing; its text is fit for whoever sent it."""


@dataclass(frozen=True, kw_only=True)
class OidcSettings:
    """Whose tokens are taken, and what their claims mean here.

    `role_names` maps the issuer's words to roles of ours; empty where they are the same. Claims are named by
    their path, such as `realm_access.roles`. With a claim of areas or kinds, a token without it reaches none.
    """

    issuer: str
    audience: str
    algorithms: frozenset[str] = frozenset({"RS256", "ES256"})
    leeway_s: int = 30
    name_claim: str = "sub"
    roles_claim: str = "roles"
    role_names: Mapping[str, str] = field(default_factory=dict)
    areas_claim: str | None = None
    kinds_claim: str | None = None

    def __post_init__(self) -> None:
        """Refuse signatures that others than the issuer could make."""
        if unsafe := sorted(self.algorithms - ALGORITHMS):
            raise ValueError(f"algorithms must be of {', '.join(sorted(ALGORITHMS))}, got {unsafe[0]!r}")


class TokenVerifier:
    """Tells who sent a token of one issuer."""

    def __init__(self, settings: OidcSettings, keys: KeySet, real_clock: Clock) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = real_clock

    def caller(self, token: str) -> Caller:
        """Who sent a token, and what they may do.

        Raises:
            TokenRefusedError: it opens nothing.
            KeySetUnavailableError: the issuer's keys were never had, and cannot be had now.
        """
        claims = self._claims(token)
        self._check_times(claims)
        name = _at(claims, self._settings.name_claim)
        if not isinstance(name, str) or not name:
            raise TokenRefusedError(f"the token has no claim {self._settings.name_claim!r}")
        roles = _words(_at(claims, self._settings.roles_claim))
        named = self._settings.role_names
        reach = Reach(
            areas=self._reach(claims, self._settings.areas_claim),
            kinds=self._reach(claims, self._settings.kinds_claim),
        )
        ours = [named.get(role, "") for role in roles] if named else roles
        return Caller(f"oidc:{name}"[:256], scopes_of(ours), reach)

    def _claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that the issuer signed for us; their times are not checked yet."""
        if len(token) > _LONGEST_TOKEN:
            raise TokenRefusedError("the token is too long")
        settings = self._settings
        try:
            header = jwt.get_unverified_header(token)
            algorithm, kid = header.get("alg"), header.get("kid")
            if algorithm not in settings.algorithms:
                raise TokenRefusedError("the token is signed in a way that is not accepted")
            key = self._keys.key(kid if isinstance(kid, str) else None, self._clock.now_ms())
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=settings.audience,
                issuer=settings.issuer,
                # Times are judged by our clock, below.
                options={"require": _REQUIRED, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except KeySetUnavailableError:
            raise
        except (jwt.PyJWTError, LookupError, ValueError, TypeError) as error:
            # The text of the library may quote the token.
            raise TokenRefusedError(f"the token is not accepted: {type(error).__name__}") from None
        return claims

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now_s, leeway_s = self._clock.now_ms() / 1000, self._settings.leeway_s
        ends_s, begins_s = claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(ends_s, int | float) or now_s >= ends_s + leeway_s:
            raise TokenRefusedError("the token has expired")
        if not isinstance(begins_s, int | float) or now_s < begins_s - leeway_s:
            raise TokenRefusedError("the token is not valid yet")

    def _reach(self, claims: Mapping[str, Any], claim: str | None) -> frozenset[str] | None:
        return None if claim is None else frozenset(_words(_at(claims, claim)))


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim at a path; a name with dots in it, such as a URL, is taken as it is first."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _words(value: Any) -> Sequence[str]:
    """A list of words, or words separated by spaces as scopes are written."""
    if isinstance(value, str):
        return value.split()
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
