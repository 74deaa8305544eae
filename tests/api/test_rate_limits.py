"""Who asks too often is told when to ask again, and hurts nobody else."""

from dataclasses import replace

from api.application import create_app
from api.rate_limits import Limiter, Limits
from api.roles import Role
from tests.api.support import REAL_NOW_MS, City, client_of


def test_bucket_empties_and_fills_with_time() -> None:
    limiter = Limiter(per_s=2, burst=3)
    assert [limiter.spend("anna", 0) for _ in range(4)] == [0, 0, 0, 1]
    assert limiter.spend("binh", 0) == 0
    assert [limiter.spend("anna", 500), limiter.spend("anna", 500)] == [0, 1]
    assert Limiter(per_s=0.01, burst=1).spend("x", 0) == 0


def test_waiting_time_is_whole_seconds_until_the_next_request() -> None:
    limiter = Limiter(per_s=0.1, burst=1)
    limiter.spend("anna", 0)
    assert limiter.spend("anna", 0) == 10
    assert limiter.spend("anna", 10_000) == 0


def test_too_many_requests_are_refused_with_the_time_to_wait(city: City) -> None:
    limits = Limits(known=Limiter(per_s=0.5, burst=2), unknown=Limiter(per_s=1, burst=1))
    with client_of(create_app(replace(city.services(), limits=limits))) as client:
        viewer, crew = city.tokens[Role.VIEWER], city.tokens[Role.CREW]
        answers = [client.get("/v1/kinds", viewer) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[-1].headers["retry-after"] == "2"
        assert answers[-1].json()["type"] == "urn:ioc:problem:too-many-requests"
        assert client.get("/v1/kinds", crew).status_code == 200

        unknown = [client.get("/v1/kinds", "nonsense").status_code for _ in range(2)]
        assert unknown == [401, 429]
        assert client.get("/v1/kinds", crew).status_code == 200  # guesses from its address do not hurt it
        city.real_clock.step_to(REAL_NOW_MS + 2_000)
        assert client.get("/v1/kinds", viewer).status_code == 200
