"""Every operation of the OpenAPI document against every kind of caller: who may, may; nobody else."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from api.application import create_app
from api.rate_limits import Limiter, Limits
from api.roles import ROLE_SCOPES, Role, Scope
from tests.api.support import REAL_NOW_MS, City, Client, client_of
from tests.api.tokens import NOW_S, Issuer, unsigned
from tests.store.operations.support import LAMP, lamp_readings, outcome, raised, statuses

PUBLIC = {"/healthz", "/metrics", "/readyz"}
OTHER_AREA = "ban-thach"
HERE = "tam-ky"
ENDLESS = {"/v1/stream"}


@dataclass(frozen=True)
class Operation:
    """One operation, its path filled with records that exist."""

    method: str
    template: str
    path: str
    scope: Scope

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def lit(city: City, issuer: Issuer) -> Iterator[tuple[City, Client]]:
    """A city with a fault in one area, whose API takes tokens and as many requests as come."""
    fault = raised()
    reading = lamp_readings({"measured_at": REAL_NOW_MS, "received_at": REAL_NOW_MS, "power_w": 1.0})
    said = statuses((LAMP, True, REAL_NOW_MS))
    city.detection.commit(outcome(fault, latest=[reading], statuses=said))
    city.telemetry.write(reading)
    unlimited = Limits(known=Limiter(0, 1), unknown=Limiter(0, 1))
    tokens = issuer.verifier(city.real_clock, areas_claim="wards")
    with client_of(create_app(replace(city.services(), limits=unlimited, tokens=tokens))) as client:
        yield city, client


def operations(city: City) -> list[Operation]:
    document = create_app(city.services()).openapi()
    fault = raised().id
    values = {"device": LAMP, "fault": fault, "incident": fault, "prefix": city.tokens[Role.CREW][4:16]}
    return [
        Operation(method.upper(), template, _filled(template, operation, values), _scope(operation))
        for template, methods in document["paths"].items()
        for method, operation in methods.items()
        if template not in PUBLIC
    ]


def _filled(template: str, operation: dict[str, Any], values: dict[str, str]) -> str:
    path = template
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            name = parameter["name"]
            is_number = parameter["schema"].get("type") == "integer"
            path = path.replace(f"{{{name}}}", values.get(name, "1" if is_number else "x"))
    return path


def _scope(operation: dict[str, Any]) -> Scope:
    return Scope(operation["security"][0]["bearer"][0])


def _areas(value: Any) -> Iterator[str]:
    """Every area that stands in an answer."""
    if isinstance(value, dict):
        if isinstance(value.get("area"), str):
            yield value["area"]
        for member in value.values():
            yield from _areas(member)
    elif isinstance(value, list):
        for member in value:
            yield from _areas(member)


def test_nobody_gets_in_without_a_key_that_is_good(lit: tuple[City, Client], issuer: Issuer) -> None:
    city, client = lit
    expired = city.token(Role.ADMIN, expires_at_ms=REAL_NOW_MS)
    refused: dict[str, str | None] = {
        "no key": None,
        "expired key": expired,
        "expired token": issuer.token(exp=NOW_S - 60, roles=["admin"], wards=[HERE]),
        "wrong audience": issuer.token(aud="shop", roles=["admin"], wards=[HERE]),
        "alg none": unsigned(wards=[HERE]),
        "nonsense": "ioc_000000000000." + "A" * 43,
    }
    deviations = [
        f"{name}: {operation} answered {status}"
        for operation in operations(city)
        for name, token in refused.items()
        if (status := client.request(operation.method, operation.path, token).status_code) != 401
    ]
    assert deviations == []


@pytest.mark.parametrize("role", Role)
def test_role_gets_in_where_its_scopes_say_and_nowhere_else(lit: tuple[City, Client], role: Role) -> None:
    city, client = lit
    deviations = []
    for operation in operations(city):
        if operation.path in ENDLESS:
            continue
        status = client.request(operation.method, operation.path, city.tokens[role]).status_code
        is_in = status not in {401, 403}
        if is_in != (operation.scope in ROLE_SCOPES[role]):
            deviations.append(f"{role}: {operation} answered {status}")
    assert deviations == []


@pytest.mark.parametrize("by", ["key", "token"])
def test_who_is_for_another_area_sees_and_changes_nothing_here(
    lit: tuple[City, Client], issuer: Issuer, by: str
) -> None:
    city, client = lit
    own = city.token(Role.ADMIN, areas=[OTHER_AREA])
    token = own if by == "key" else issuer.token(roles=["admin"], wards=[OTHER_AREA])
    deviations = []
    for operation in operations(city):
        if operation.path in ENDLESS:
            continue
        answer = client.request(operation.method, operation.path, token)
        is_refused = answer.status_code in {403, 404, 422}
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        is_empty = operation.method == "GET" and is_json and HERE not in set(_areas(answer.json()))
        if not (is_refused or is_empty):
            deviations.append(f"{by}: {operation} answered {answer.status_code}")
    assert deviations == []


def test_key_of_an_area_sees_what_is_in_it_and_may_do_there_what_its_role_may(
    lit: tuple[City, Client],
) -> None:
    city, client = lit
    token = city.token(Role.OPERATOR, areas=[HERE], kinds=["streetlight"])
    shown = client.get("/v1/devices?limit=1000", token).json()["items"]
    assert {(device["area"], device["kind"]) for device in shown} == {(HERE, "streetlight")}
    fault = raised().id
    assert [one["id"] for one in client.get("/v1/faults", token).json()["items"]] == [fault]
    assert client.post(f"/v1/faults/{fault}/acknowledge", token, json={}).status_code == 200
    assert client.get(f"/v1/devices/{LAMP}/latest", token).status_code == 200
    cameras = city.token(Role.OPERATOR, areas=[HERE], kinds=["traffic-camera"])
    assert client.get("/v1/faults", cameras).json()["items"] == []
    assert client.post(f"/v1/faults/{fault}/acknowledge", cameras, json={}).status_code == 404
    bulk = {"faults": [{"id": fault}], "deed": {"do": "acknowledge"}}
    assert client.post("/v1/faults/bulk", cameras, json=bulk).status_code == 404


def test_every_operation_was_asked(city: City) -> None:
    asked = operations(city)
    assert len(asked) > 50
    assert all("{" not in operation.path for operation in asked)
