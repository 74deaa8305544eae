"""No route without a scope, no answer without a key that has it."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import RouteContext, iter_route_contexts

from api.application import create_app
from api.auth import ROLE_SCOPES, Requires, Role, Scope
from tests.api.support import REAL_NOW_MS, City, Client

PUBLIC = {"/", "/docs", "/healthz", "/metrics", "/openapi.json", "/readyz", "/n/{token}"}


def scopes_of(dependency: Any) -> Iterator[Scope]:
    if isinstance(dependency.call, Requires):
        yield dependency.call.scope
    for inner in dependency.dependencies:
        yield from scopes_of(inner)


def declared(route: RouteContext) -> set[Scope]:
    root = getattr(route, "dependant", None)  # codespell:ignore dependant
    return set(scopes_of(root)) if root is not None else set()


def test_every_route_declares_one_scope_or_is_known_to_be_public(city: City) -> None:
    routes = list(iter_route_contexts(create_app(city.services()).routes))

    open_routes = {route.path for route in routes if not declared(route)}
    assert open_routes == PUBLIC
    assert all(len(declared(route)) == 1 for route in routes if route.path not in PUBLIC)


def test_openapi_names_the_scope_of_every_operation(city: City) -> None:
    document = create_app(city.services()).openapi()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            scopes = {
                scope for way in operation.get("security", []) for needed in way.values() for scope in needed
            }
            assert len(scopes) == (0 if path in PUBLIC else 1), path


def reads(city: City) -> list[tuple[str, Scope]]:
    """Every GET without path parameters, and its scope."""
    paths: dict[str, dict[str, Any]] = create_app(city.services()).openapi()["paths"]
    return [
        (path, Scope(operation["security"][0]["bearer"][0]))
        for path, methods in paths.items()
        for method, operation in methods.items()
        # The stream never ends; `test_stream.py` asks for it.
        if method == "get"
        and "{" not in path
        and path not in PUBLIC | {"/v1/stream"}
        # `test_matrix.py` asks what needs parameters, too.
        and not any(parameter.get("required") for parameter in operation.get("parameters", []))
    ]


@pytest.mark.parametrize("role", Role)
def test_role_may_read_what_its_scopes_say_and_nothing_else(client: Client, city: City, role: Role) -> None:
    for path, scope in reads(city):
        expected = 200 if scope in ROLE_SCOPES[role] else 403
        assert client.get(path, city.tokens[role]).status_code == expected, path


def test_without_key_every_read_is_refused(client: Client, city: City) -> None:
    for path, _ in reads(city):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        assert answer.json()["type"] == "urn:ioc:problem:unauthenticated"


def test_key_is_taken_from_either_header(client: Client, city: City) -> None:
    token = city.tokens[Role.VIEWER]
    assert client.get("/v1/kinds", headers={"X-API-Key": token}).status_code == 200
    assert client.get("/v1/kinds", headers={"Authorization": f"Basic {token}"}).status_code == 401


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: t.replace("ioc_", "ioc_0"), str.upper]
)
def test_changed_key_opens_nothing(client: Client, city: City, change: Any) -> None:
    assert client.get("/v1/kinds", change(city.tokens[Role.ADMIN])).status_code == 401


def test_key_opens_nothing_after_its_end_by_real_time(client: Client, city: City) -> None:
    token = city.token(Role.VIEWER, expires_at_ms=REAL_NOW_MS + 10)
    assert client.get("/v1/kinds", token).status_code == 200
    city.real_clock.step_to(REAL_NOW_MS + 10)
    assert client.get("/v1/kinds", token).status_code == 401


def test_revoked_key_opens_nothing(client: Client, city: City) -> None:
    token = city.tokens[Role.VIEWER]
    city.views.keys.revoke(token[4:16], who="test", at_ms=REAL_NOW_MS)
    assert client.get("/v1/kinds", token).status_code == 401


def test_scopes_of_a_key_narrow_its_role_and_never_widen_it(client: Client, city: City) -> None:
    narrow = city.token(Role.VIEWER, scopes=["devices:read", "dead-letters:read"])
    statuses = [
        client.get(path, narrow).status_code for path in ("/v1/kinds", "/v1/faults", "/v1/dead-letters")
    ]
    assert statuses == [200, 403, 403]


def test_key_with_a_role_of_a_later_version_opens_nothing(client: Client, city: City) -> None:
    assert client.get("/v1/kinds", city.token("emperor")).status_code == 403


def test_missing_scope_is_named(client: Client, city: City) -> None:
    problem = client.get("/v1/violations", city.tokens[Role.CREW]).json()
    assert problem["detail"] == "the key 'the crew' lacks the scope 'violations:read'"
