"""Who asks, and whether they may. A route that declares no scope here fails the tests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.key_set import KeySetUnavailableError
from api.problems import Problem, ProblemKind
from api.roles import ROLE_SCOPES, Caller, Role, Scope, scopes_of
from api.services import ApiServices, Services
from api.tokens import TokenRefusedError
from store.operations.errors import OperationsUnavailableError

__all__ = ["ROLE_SCOPES", "Caller", "Requires", "Role", "Scope", "needs", "still_let_in"]

_OURS = "ioc_"
_BEARER = HTTPBearer(
    scheme_name="bearer",
    description="An API key, ioc_prefix.secret, or a token of the city's OIDC issuer",
    auto_error=False,
)
_HEADER = APIKeyHeader(
    name="X-API-Key",
    scheme_name="key",
    description="An API key, for clients that cannot set Authorization",
    auto_error=False,
)


@dataclass(frozen=True)
class Requires:
    """The dependency that lets a caller with `scope` through.

    Whose key is for some areas or kinds only is let through where the route answers `within` a reach: it sees
    to it that nothing else is shown or changed. Every other route is for those who may see everything.

    Raises:
        Problem: nobody known asks, they may not do this, or they ask too often.
    """

    scope: Scope
    within: bool = False

    def __call__(
        self,
        request: Request,
        services: Services,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
        header: Annotated[str | None, Depends(_HEADER)],
    ) -> Caller:
        """The caller, if they may."""
        token = bearer.credentials if bearer is not None else header
        address = request.client.host if request.client is not None else ""
        caller = _known_caller(token, address, services)
        _spend(services, caller.name)
        if not caller.may(self.scope):
            raise Problem(
                ProblemKind.FORBIDDEN, f"the key {caller.name!r} lacks the scope {self.scope.value!r}"
            )
        if caller.reach.is_limited and not self.within:
            detail = f"the key {caller.name!r} is for some areas or kinds only, and this is about all of them"
            raise Problem(ProblemKind.FORBIDDEN, detail)
        return caller


def needs(scope: Scope, *, within: bool = False) -> Any:
    """Declares, in a route, what a caller must be allowed to do; gives the `Caller`.

    `within` promises that the route keeps to the caller's reach.
    """
    return Security(Requires(scope, within), scopes=[scope.value])


def still_let_in(request: Request, services: ApiServices, caller: Caller) -> Callable[[], bool]:
    """Tells, each time it is asked, whether the caller of a request would be let in as before.

    For answers that go on after their key was revoked or their token has expired. Called from worker threads.
    """
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    token = sent.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key")

    def would_be_let_in() -> bool:
        try:
            return _caller(token, services) == caller
        except TokenRefusedError:
            return False
        except (OperationsUnavailableError, KeySetUnavailableError):
            return True  # nobody can tell now, and nothing new comes from a store that does not answer

    return would_be_let_in


def _known_caller(token: str | None, address: str, services: ApiServices) -> Caller:
    """Who sent a token.

    Raises:
        Problem: nobody known did; or nobody known did so too often from that address.
    """
    try:
        return _caller(token, services)
    except TokenRefusedError as error:
        _spend(services, f"address {address}", is_unknown=True)
        headers = {"WWW-Authenticate": "Bearer"}
        raise Problem(ProblemKind.UNAUTHENTICATED, str(error), headers=headers) from None


def _caller(token: str | None, services: ApiServices) -> Caller:
    if token is None:
        raise TokenRefusedError("send an API key as Authorization: Bearer ioc_prefix.secret, or as X-API-Key")
    if not token.startswith(_OURS) and services.tokens is not None:
        return services.tokens.caller(token)
    key = services.operations.keys.authenticate(token, services.real_clock.now_ms())
    if key is None:
        raise TokenRefusedError("the API key is unknown, expired or revoked")
    allowed = scopes_of([key.role])
    scopes = frozenset(scope for scope in allowed if not key.scopes or scope.value in key.scopes)
    return Caller(key.name, scopes, key.reach)


def _spend(services: ApiServices, who: str, *, is_unknown: bool = False) -> None:
    """Count a request.

    Raises:
        Problem: there were too many.
    """
    limiter = services.limits.unknown if is_unknown else services.limits.known
    wait_s = limiter.spend(who, services.real_clock.now_ms())
    if wait_s:
        detail = f"too many requests; ask again in {wait_s} s"
        raise Problem(ProblemKind.TOO_MANY, detail, headers={"Retry-After": str(wait_s)})
